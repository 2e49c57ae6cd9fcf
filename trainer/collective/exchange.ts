/**
 * One worker's end of the exchange: engine, the served calls of all peers and the links to them, from
 * the forming of the gang to its end. It owns the heartbeat timer. It never decides who is a member.
 */
import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { AllReduceConfig } from '@tfjs-operator/api/run-config.ts';
import type { CollectiveStats } from './collective.ts';
import { channelOptions } from './channel-options.ts';
import type { ChunkMessage } from './chunk-message.ts';
import { Engine, tickSeconds } from './engine.ts';
import { type ExchangeLink, openLink } from './exchange-link.ts';
import { createExchangeService, type ExchangeService } from './exchange-service.ts';
import { fenceOf, kinds } from './wire-words.ts';

/**
 * Payload of a chunk. From here on the CPU time per byte does not fall any more; larger chunks only
 * overlap less of adding with receiving.
 */
const defaultChunkBytes = 512 * 1024;

/** What may wait per part and peer for the contributions of slower ranks. */
const pullWindowChunks = 16;

export interface ExchangeOptions {
  readonly rank: number;
  readonly jobUid: string;
  readonly arena: SharedArrayBuffer;
  readonly allReduce: Pick<AllReduceConfig, 'algorithm' | 'wireType' | 'timeoutSeconds'>;
  readonly hasChecksums: boolean;
  /** A multiple of 4; the same on all workers. Default: 512 KiB. */
  readonly chunkBytes?: number;
  readonly credentials: ChannelCredentials;
  /** Where to connect for a member's address, with the channel options that this needs. */
  readonly dial: (address: string) => Promise<{ target: string; options: ChannelOptions }>;
  /** The gang is over for this worker. */
  readonly onLost: (failure: Failure) => void;
}

export interface FormedGang {
  readonly membershipEpoch: number;
  readonly members: readonly { readonly rank: number; readonly address: string }[];
}

export interface Exchange {
  /** Serve `handler` from before the gang is formed. */
  readonly service: ExchangeService;
  /** Connects to all members; resolves when each of them has answered. */
  form(gang: FormedGang): Promise<Engine>;
  stats(): CollectiveStats;
  /** A member is gone, says the coordinator. */
  lose(failure: Failure, culprit?: number): void;
  /** Takes leave of all peers and closes. */
  close(): Promise<void>;
}

const noStats: CollectiveStats = { bytesSent: 0, bytesReceived: 0, seconds: 0, dropped: 0 };

export function createExchange(options: ExchangeOptions): Exchange {
  const { rank, jobUid } = options;
  const links = new Map<number, ExchangeLink>();
  const leftPeers = new Set<number>();
  const formed = Promise.withResolvers<{
    engine: Engine;
    membershipEpoch: number;
    worldSize: number;
  }>();
  const service = createExchangeService({ jobUid, gang: formed.promise });
  let engine: Engine | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosing = false;

  const onFailure = (failure: Failure, culprit: number | undefined): void => {
    // Said at once, so that a peer takes this worker's end as a consequence, not as the cause.
    sayGoodbye(culprit === undefined ? 0 : culprit + 1, failure.message);
    options.onLost(failure);
  };

  const sayGoodbye = (part: number, sentence: string): void => {
    const sender = engine;
    if (sender === undefined) return;
    for (const peer of links.keys()) {
      service.send(peer, { encode: () => sender.encodeSign('goodbye', part, sentence) });
    }
  };

  const onGoodbye = (peer: number, message: ChunkMessage): void => {
    leftPeers.add(peer);
    if (message.part === 0) return engine?.left(peer);
    const culprit = message.part - 1;
    // A peer that blames this worker is gone for it.
    const isMe = culprit === rank;
    const sentence = isMe
      ? `Worker ${peer} has given this worker up: ${message.data.toString().trim()}`
      : message.data.toString().trim();
    engine?.fail(new Failure('PeerLost', sentence), isMe ? peer : culprit);
  };

  const connect = async (peer: number, address: string, gang: FormedGang): Promise<void> => {
    const { target, options: dialOptions } = await options.dial(address);
    await new Promise<void>((resolve, reject) => {
      const link = openLink({
        address: target,
        credentials: options.credentials,
        channelOptions: { ...channelOptions(options.allReduce.timeoutSeconds), ...dialOptions },
        jobUid,
        membershipEpoch: gang.membershipEpoch,
        rank,
        onMessage: (message) => {
          resolve();
          if (message.kind === kinds.goodbye) onGoodbye(peer, message);
          else engine?.received(peer, message);
        },
        onEnd: (cause) => {
          if (isClosing || leftPeers.has(peer)) return;
          const failure = lostConnection(peer, address, cause);
          engine?.fail(failure, peer);
          reject(failure);
        },
      });
      links.set(peer, link);
    });
  };

  return {
    service,
    async form(gang) {
      const worldSize = gang.members.length;
      const { allReduce, chunkBytes = defaultChunkBytes } = options;
      const started = new Engine({
        rank,
        worldSize,
        fence: fenceOf(jobUid, gang.membershipEpoch),
        arena: options.arena,
        ...allReduce,
        chunkBytes,
        pullWindowBytes: pullWindowChunks * chunkBytes,
        hasChecksums: options.hasChecksums,
        port: (peer) => ({
          pull: (request) => links.get(peer)?.pull(request),
          send: (message) => service.send(peer, message),
        }),
        onFailure,
      });
      engine = started;
      timer = setInterval(() => {
        started.tick();
        service.heartbeat({ encode: () => started.encodeSign('heartbeat') });
      }, tickSeconds * 1000);
      formed.resolve({ engine: started, membershipEpoch: gang.membershipEpoch, worldSize });
      const peers = gang.members.filter((member) => member.rank !== rank);
      await Promise.all(peers.map((member) => connect(member.rank, member.address, gang)));
      return started;
    },
    stats() {
      const stats = engine?.stats() ?? noStats;
      return { ...stats, dropped: stats.dropped + service.refused() };
    },
    lose(failure, culprit) {
      if (engine === undefined) options.onLost(failure);
      else engine.fail(failure, culprit);
    },
    async close() {
      isClosing = true;
      clearInterval(timer);
      sayGoodbye(0, '');
      await service.end();
      for (const link of links.values()) link.close();
    },
  };
}

function lostConnection(peer: number, address: string, cause: Error | undefined): Failure {
  const detail =
    cause === undefined ? 'closed' : ((cause as { details?: string }).details ?? cause.message);
  return new Failure(
    'PeerLost',
    `Worker ${peer} is gone: the connection to ${address} ended (${detail}); its log says why.`,
    { cause },
  );
}

/**
 * The incoming direction: serves the Exchange calls of all peers. It fences whole calls by job,
 * membership epoch and rank; each message is fenced again by the engine.
 */
import { type handleBidiStreamingCall, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Engine, Outgoing } from './engine.ts';
import { metadataKeys } from './exchange-definition.ts';
import { decodePullRequest } from './pull-request.ts';

type Call = ServerDuplexStream<Buffer, Outgoing>;

export interface ExchangeServiceOptions {
  readonly jobUid: string;
  /** Resolves when the gang is formed: peers may call before this worker has heard of it. */
  readonly gang: Promise<{
    readonly engine: Engine;
    readonly membershipEpoch: number;
    readonly worldSize: number;
  }>;
}

export interface ExchangeService {
  readonly handler: handleBidiStreamingCall<Buffer, Outgoing>;
  /** Queues a message; without a call of that peer it waits for one. */
  send(peer: number, message: Outgoing): void;
  /** Sends to all peers whose last such message has left: a stopped peer gathers no heap of them. */
  heartbeat(message: Outgoing): void;
  /** Ends all calls in good order; resolves when their last message has left. */
  end(): Promise<void>;
  /** Calls refused because they belong to another job or to another membership epoch. */
  refused(): number;
}

export function createExchangeService(options: ExchangeServiceOptions): ExchangeService {
  const calls = new Map<number, Call>();
  const waiting = new Map<number, Outgoing[]>();
  let refusedCalls = 0;

  const refuse = (call: Call, code: status, details: string): void => {
    refusedCalls += 1;
    call.emit('error', { code, details });
  };

  const admit = async (call: Call): Promise<void> => {
    if (text(call, metadataKeys.jobUid) !== options.jobUid) {
      return refuse(call, status.PERMISSION_DENIED, 'This worker belongs to another job.');
    }
    // Requests that come before the gang is formed stay in the stream: it flows from 'data' on.
    const { engine, membershipEpoch, worldSize } = await options.gang;
    const epoch = text(call, metadataKeys.epoch);
    if (Number(epoch) !== membershipEpoch) {
      const details = `This gang has membership epoch ${membershipEpoch}, the caller ${epoch}.`;
      return refuse(call, status.FAILED_PRECONDITION, details);
    }
    const rank = text(call, metadataKeys.rank);
    const peer = Number(rank);
    if (rank === '' || !(peer >= 0 && peer < worldSize) || calls.has(peer)) {
      return refuse(call, status.INVALID_ARGUMENT, `Rank ${rank} is not expected here.`);
    }
    calls.set(peer, call);
    call.on('data', (bytes: Buffer) => {
      try {
        engine.pulled(peer, decodePullRequest(bytes));
      } catch (error) {
        refuse(call, status.INVALID_ARGUMENT, (error as Error).message);
      }
    });
    call.write({ encode: () => engine.encodeSign('heartbeat') });
    for (const message of waiting.get(peer) ?? []) call.write(message);
    waiting.delete(peer);
  };

  return {
    handler: (call) => {
      // The caller's own stream tells of its end; here it only must not become an exception.
      call.on('error', () => call.end());
      call.on('end', () => call.end());
      admit(call).catch(() => call.end());
    },
    send(peer, message) {
      const call = calls.get(peer);
      if (call !== undefined) call.write(message);
      else waiting.set(peer, [...(waiting.get(peer) ?? []), message]);
    },
    heartbeat(message) {
      for (const call of calls.values()) if (call.writableLength === 0) call.write(message);
    },
    async end() {
      await Promise.all([...calls.values()].map(endCall));
    },
    refused: () => refusedCalls,
  };
}

/** Resolves when the queue has left; at once where the peer has closed the call before. */
async function endCall(call: Call): Promise<void> {
  if (call.destroyed) return;
  await new Promise<void>((resolve) => {
    call.once('close', resolve).once('finish', resolve);
    call.end();
  });
}

function text(call: Call, key: string): string {
  return String(call.metadata.get(key)[0] ?? '');
}

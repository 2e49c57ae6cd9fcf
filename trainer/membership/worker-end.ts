/**
 * One worker's I/O, put together: binds the port, makes the address known, joins the gang and
 * connects the exchange. Runs in the I/O thread; it touches no tensor and no file but `rank-N.json`.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { CollectiveStats } from '../collective/collective.ts';
import type { Engine } from '../collective/engine.ts';
import { createExchange } from '../collective/exchange.ts';
import { collectiveService } from '../collective/exchange-definition.ts';
import { loadCredentials } from './credentials.ts';
import { dial } from './dial.ts';
import type { IoOptions } from './io-messages.ts';
import { createMembershipClient } from './membership-client.ts';
import type { JoinRequest, MembershipEvent } from './membership-messages.ts';
import { createMembershipHost, membershipService } from './membership-service.ts';
import { openPeers } from './peers.ts';
import { startServer } from './server.ts';

export type FormedEvent = NonNullable<MembershipEvent['formed']>;

export interface WorkerEnd {
  readonly engine: Engine;
  readonly formed: FormedEvent;
  stats(): CollectiveStats;
  leave(): Promise<void>;
}

/** Others wait a little longer than worker 0, whose sentence names who is missing. */
const slackSeconds = 1;

/** How this worker is a member: through its own coordinator (rank 0) or over the network. */
interface Membership {
  join(signal: AbortSignal): Promise<void>;
  leave(): Promise<void>;
}

/** @throws Failure AddressInUse, GangIncomplete, BadConfig, PeerLost */
export async function startWorkerEnd(
  options: IoOptions,
  onLost: (failure: Failure) => void,
  signal: AbortSignal,
): Promise<WorkerEnd> {
  const { rank, jobUid, replicas } = options;
  const credentials = await loadCredentials(options.tls);
  const peers = openPeers(options.peers, rank, jobUid);
  const host = rank === 0 ? createMembershipHost({ jobUid, replicas }) : undefined;
  const formed = Promise.withResolvers<FormedEvent>();
  formed.promise.catch(() => undefined);
  const exchange = createExchange({
    ...options,
    hasChecksums: options.hasChecksums ?? false,
    credentials: credentials.channel,
    dial,
    onLost: (failure) => {
      formed.reject(failure);
      onLost(failure);
    },
  });
  const onEvent = (event: MembershipEvent): void => {
    const { lost, incomplete } = event;
    if (event.formed !== undefined) formed.resolve(event.formed);
    if (lost !== undefined) exchange.lose(new Failure('PeerLost', lost.message), lost.rank);
    if (incomplete !== undefined) formed.reject(new Failure('GangIncomplete', incomplete.message));
  };
  const server = await startServer({
    address: options.grpcAddress,
    credentials,
    timeoutSeconds: options.allReduce.timeoutSeconds,
    services: [
      [collectiveService, { Exchange: exchange.service.handler }],
      ...(host === undefined ? [] : ([[membershipService, host.implementation]] as const)),
    ],
  });
  const address = peers.advertised(options.grpcAddress, server.port);
  const request = joinRequest(options, address);
  const membership =
    host === undefined
      ? remoteMembership()
      : localMembership(host, { request, onEvent, seconds: options.startTimeoutSeconds });

  function remoteMembership(): Membership {
    const client = createMembershipClient({
      request,
      findCoordinator: () => peers.find(0),
      dial,
      credentials: credentials.channel,
      timeoutSeconds: options.allReduce.timeoutSeconds,
      onEvent,
      onBroken: (failure) => exchange.lose(failure, 0),
    });
    const seconds = options.startTimeoutSeconds + slackSeconds;
    return { join: (abort) => client.join(seconds, abort), leave: client.leave };
  }

  const leave = async (): Promise<void> => {
    await membership.leave();
    await exchange.close();
    await server.stop();
    await peers.withdraw();
  };
  const abort = Promise.withResolvers<never>();
  abort.promise.catch(() => undefined);
  signal.addEventListener('abort', () => abort.reject(signal.reason));
  try {
    await peers.publish(workerFile(options, address));
    await membership.join(signal);
    const event = await Promise.race([formed.promise, abort.promise]);
    const engine = await Promise.race([exchange.form(event), abort.promise]);
    return { engine, formed: event, stats: exchange.stats, leave };
  } catch (error) {
    // What made the start fail is to be told, not what taking it back met.
    await leave().catch(() => undefined);
    throw error;
  }
}

interface LocalOptions {
  readonly request: JoinRequest;
  readonly onEvent: (event: MembershipEvent) => void;
  readonly seconds: number;
}

function localMembership(
  host: ReturnType<typeof createMembershipHost>,
  { request, onEvent, seconds }: LocalOptions,
): Membership {
  const timer = setTimeout(() => host.expire(seconds), seconds * 1000);
  return {
    async join() {
      host.joinLocally(request, (event) => {
        clearTimeout(timer);
        onEvent(event);
      });
    },
    async leave() {
      clearTimeout(timer);
      host.leaveLocally(request.rank);
    },
  };
}

function joinRequest(options: IoOptions, address: string): JoinRequest {
  const { jobUid, rank, backend, replicas, lastKnownEpoch = 0 } = options;
  return { jobUid, rank, address, backend, lastKnownEpoch, replicas };
}

function workerFile(
  options: IoOptions,
  grpc: string,
): Parameters<ReturnType<typeof openPeers>['publish']>[0] {
  const { httpAddress, jobUid } = options;
  const http = httpAddress === undefined ? {} : { http: httpAddress };
  return { grpc, ...http, pid: process.pid, jobUid };
}

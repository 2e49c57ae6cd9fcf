/**
 * A worker's side of membership: finds worker 0, joins, and keeps trying until the start deadline,
 * because worker 0 may come last, and because an address may be that of an earlier gang.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ChannelCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { channelOptions } from '../collective/channel-options.ts';
import { passThrough } from '../collective/exchange-definition.ts';
import type { Dial } from './dial.ts';
import {
  decodeMembershipEvent,
  encodeJoinRequest,
  encodeLeaveRequest,
  type JoinRequest,
  type MembershipEvent,
} from './membership-messages.ts';
import { joinPath, leavePath } from './membership-service.ts';

/** Pause between attempts to reach worker 0. */
const retryMs = 200;

/** A Leave that worker 0 does not answer is given up: it may have gone first. */
const leaveTimeoutMs = 1000;

export interface MembershipClientOptions {
  readonly request: JoinRequest;
  /** Address of worker 0 as known now, or undefined while it is not. */
  readonly findCoordinator: () => Promise<string | undefined>;
  readonly dial: Dial;
  readonly credentials: ChannelCredentials;
  readonly timeoutSeconds: number;
  readonly onEvent: (event: MembershipEvent) => void;
  /** The stream broke after the gang was formed. */
  readonly onBroken: (failure: Failure) => void;
}

export interface MembershipClient {
  /** Resolves when the first event has come. @throws Failure GangIncomplete */
  join(startTimeoutSeconds: number, signal: AbortSignal): Promise<void>;
  leave(): Promise<void>;
}

/** Why an attempt came to nothing. */
interface Attempt {
  readonly isFinal: boolean;
  readonly address: string | undefined;
  readonly why: string;
}

export function createMembershipClient(options: MembershipClientOptions): MembershipClient {
  const { request } = options;
  /** Set while a Join stream is open. */
  let client: Client | undefined;
  let isLeaving = false;

  /** Resolves to undefined when an event has come, else to what went wrong. */
  const attempt = async (signal: AbortSignal): Promise<Attempt | undefined> => {
    const address = await options.findCoordinator();
    if (address === undefined) return { isFinal: false, address, why: 'its address is not known' };
    const { target, options: dialOptions } = await options.dial(address);
    const settings = { ...channelOptions(options.timeoutSeconds), ...dialOptions };
    const tried = new Client(target, options.credentials, settings);
    client = tried;
    const call = tried.makeServerStreamRequest(joinPath, encodeJoinRequest, passThrough, request);
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel);
    return new Promise((resolve) => {
      let hasEvent = false;
      call.on('data', (bytes: Buffer) => {
        hasEvent = true;
        signal.removeEventListener('abort', cancel);
        resolve(undefined);
        options.onEvent(decodeMembershipEvent(bytes));
      });
      const end = (error?: ServiceError): void => {
        tried.close();
        client = undefined;
        if (hasEvent && !isLeaving) options.onBroken(coordinatorLost(address));
        const why = error?.details ?? 'the stream ended';
        resolve({ isFinal: error?.code === status.INVALID_ARGUMENT, address, why });
      };
      call.on('error', end);
      call.on('end', () => end());
    });
  };

  return {
    async join(startTimeoutSeconds, signal) {
      const deadline = AbortSignal.timeout(startTimeoutSeconds * 1000);
      const either = AbortSignal.any([deadline, signal]);
      let problem: Attempt = { isFinal: false, address: undefined, why: 'no attempt was made' };
      while (!either.aborted) {
        const outcome = await attempt(either).catch(unreachable);
        if (outcome === undefined) return;
        if (outcome.isFinal) throw mismatch(outcome);
        // What ends an attempt because time is up says nothing about worker 0.
        if (!either.aborted) problem = outcome;
        await sleep(retryMs, undefined, { signal: either }).catch(() => undefined);
      }
      signal.throwIfAborted();
      throw notReached(problem, startTimeoutSeconds);
    },
    async leave() {
      isLeaving = true;
      const open = client;
      if (open === undefined) return;
      const { jobUid, rank } = request;
      const limit = { deadline: Date.now() + leaveTimeoutMs };
      await new Promise<void>((resolve) => {
        const done = (): void => resolve();
        const message = { jobUid, rank };
        open.makeUnaryRequest(leavePath, encodeLeaveRequest, passThrough, message, limit, done);
      });
      open.close();
    },
  };
}

function mismatch({ why }: Attempt): Failure {
  return new Failure('GangIncomplete', `${why} Start all workers of a job with the same manifest.`);
}

function unreachable(error: unknown): Attempt {
  return { isFinal: false, address: undefined, why: (error as Error).message };
}

function notReached(problem: Attempt, seconds: number): Failure {
  const where = problem.address === undefined ? '' : ` at ${problem.address}`;
  return new Failure(
    'GangIncomplete',
    `Worker 0, which gathers the workers, did not answer${where} within ${seconds} s (${problem.why}); ` +
      'see whether it was started and what its log says, or give it more time with runPolicy.startDeadlineSeconds.',
  );
}

function coordinatorLost(address: string): Failure {
  return new Failure(
    'PeerLost',
    `Worker 0 is gone: the connection to ${address} ended; its log says why.`,
  );
}

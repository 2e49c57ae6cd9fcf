/**
 * The ledger of attempts: one entry for each life of the gang, ended by the first worker that
 * failed. What the other workers do because of it (PeerLost) belongs to the same entry. The ledger
 * is in the status, so it survives the controller; a termination seen twice changes nothing.
 */
import { exitStatuses, type ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import type { Pod } from './kubernetes.ts';
import { attemptReasons } from './reasons.ts';
import { terminationsOf, workerStatus, type Termination } from './terminations.ts';
import { timestamp } from './timestamp.ts';
import type { Attempt } from './training-job.ts';

/** Entries kept in the status (the schema's bound): enough to see a pattern, small enough for etcd. */
export const maxAttemptsKept = 20;

/** The schema's bound of an attempt's message, characters. */
const maxMessageLength = 1024;

/** An all-reduce gives a silent peer up after allReduce.timeoutSeconds, 30 by default. */
const echoWindowMs = 60_000;
/** Workers that come back one by one may meet the old gang for so long. */
const settleMs = 5_000;

export interface Ledger {
  readonly attempts: readonly Attempt[];
  /** Terminations that ended an attempt since the ledger before. */
  readonly ended: readonly Termination[];
}

export interface LedgerInput {
  readonly attempts: readonly Attempt[];
  readonly pods: readonly Pod[];
  readonly replicas: number;
  /** Step of the newest known checkpoint, from which the next attempt resumes. */
  readonly checkpointStep: number | undefined;
  /** When the workers were first wanted, ms; undefined while they are not. */
  readonly wantedSince: number | undefined;
  readonly now: number;
}

/** Continues the ledger with what the pods show. */
export function updateLedger(input: LedgerInput): Ledger {
  const { wantedSince, pods } = input;
  let attempts = input.attempts;
  if (attempts.length === 0 && wantedSince !== undefined) attempts = [open(1, wantedSince, input)];
  const ended: Termination[] = [];
  for (const termination of terminationsOf(pods)) {
    const next = record(attempts, termination, input);
    if (next === attempts) continue;
    attempts = next;
    ended.push(termination);
  }
  attempts = wantedSince === undefined ? closeSuspended(attempts, input) : reopen(attempts, input);
  return { attempts: attempts.slice(-maxAttemptsKept), ended };
}

/** Restarts that count towards runPolicy.maxRestarts: a stop that was asked for does not. */
export function restartsUsed(attempts: readonly Attempt[]): number {
  const dropped = (attempts[0]?.number ?? 1) - 1;
  const failed = attempts.filter(({ endTime, reason }) => endTime && reason !== 'Interrupted');
  return dropped + failed.length;
}

/** Ends the current attempt for a reason that no worker gave. */
export function endAttempt(
  attempts: readonly Attempt[],
  end: Required<Pick<Attempt, 'reason' | 'message'>> & { readonly rank?: number },
  now: number,
): readonly Attempt[] {
  const last = attempts.at(-1);
  if (!last || last.endTime !== undefined) return attempts;
  return [...attempts.slice(0, -1), { ...last, ...end, endTime: timestamp(now) }];
}

/** The ledger with this termination, or the very same ledger where it says nothing new. */
function record(
  attempts: readonly Attempt[],
  termination: Termination,
  input: LedgerInput,
): readonly Attempt[] {
  const last = attempts.at(-1);
  if (!last || termination.exitCode === 0) return attempts;
  const before = attempts.slice(0, -1);
  if (isEcho(attempts, termination, input)) return attempts;
  if (last.endTime === undefined) {
    const isOld = termination.finishedAt < Date.parse(last.startTime);
    return isOld ? attempts : [...before, close(last, termination)];
  }
  if (isSameIncident(last, termination)) {
    return isTruerCause(last, termination) ? [...before, close(last, termination)] : attempts;
  }
  return [...attempts, close(open(last.number + 1, termination.startedAt, input), termination)];
}

function open(number: number, startMs: number, { checkpointStep }: LedgerInput): Attempt {
  const resumed = checkpointStep === undefined ? {} : { resumedFromStep: checkpointStep };
  return { number, startTime: timestamp(startMs), ...resumed };
}

function close(attempt: Attempt, cause: Termination): Attempt {
  return {
    ...attempt,
    endTime: attempt.endTime ?? timestamp(cause.finishedAt),
    reason: cause.reason,
    message: cause.message.slice(0, maxMessageLength),
    exitCode: cause.exitCode,
    rank: cause.rank,
  };
}

/**
 * True for a container that ran already when the attempt ended, or whose end is the recorded one.
 * Kubernetes times are whole seconds, so an equal time counts as the same incident.
 */
function isSameIncident(attempt: Attempt, termination: Termination): boolean {
  const end = Date.parse(attempt.endTime ?? '');
  return termination.finishedAt <= end || termination.startedAt < end;
}

/** A peer may end before the worker whose fall it noticed, and a permanent error outweighs others. */
function isTruerCause(attempt: Attempt, termination: Termination): boolean {
  if (Date.parse(attempt.startTime) >= termination.finishedAt) return false;
  if (!termination.isRetryable) return isRetryable(attempt.reason);
  return isEffect(attempt.reason) && !isEffect(termination.reason);
}

/** Reasons that another worker or a stop from outside brings about. */
function isEffect(reason: string | undefined): boolean {
  return reason === 'PeerLost' || reason === 'Interrupted';
}

function isRetryable(reason: string | undefined): boolean {
  if (reason === undefined || !(reason in exitStatuses)) return true;
  return exitStatuses[reason as ExitReason].isRetryable;
}

/**
 * A lost peer shortly after an attempt ended is an echo of that end: the worker ran already then, or
 * it came back to a gang that was not whole yet. The window keeps an endless row of echoes from
 * being free.
 */
function isEcho(
  attempts: readonly Attempt[],
  termination: Termination,
  { pods, replicas }: LedgerInput,
): boolean {
  const previousEnd = attempts.findLast(({ endTime }) => endTime !== undefined)?.endTime;
  if (termination.reason !== 'PeerLost' || previousEnd === undefined) return false;
  const since = Date.parse(previousEnd);
  const { startedAt, finishedAt } = termination;
  if (finishedAt - since > echoWindowMs) return false;
  if (startedAt < since) return true;
  const returns = pods
    .map((pod) => startsOf(pod).filter((at) => at >= since && at <= finishedAt))
    .filter((starts) => starts.length > 0);
  return returns.length < replicas || finishedAt - Math.max(...returns.flat()) < settleMs;
}

function startsOf(pod: Pod): readonly number[] {
  const status = workerStatus(pod);
  const states = [status?.state.running, status?.state.terminated, status?.lastState?.terminated];
  return states
    .filter((state) => state !== undefined)
    .map(({ startedAt }) => Date.parse(startedAt));
}

/** Opens the next attempt when all workers run, at least one of them started since the last end. */
function reopen(attempts: readonly Attempt[], input: LedgerInput): readonly Attempt[] {
  const last = attempts.at(-1);
  if (last?.endTime === undefined) return attempts;
  const end = Date.parse(last.endTime);
  const starts = input.pods
    .map((pod) => Date.parse(workerStatus(pod)?.state.running?.startedAt ?? ''))
    .filter((startedAt) => !Number.isNaN(startedAt));
  const since = starts.filter((startedAt) => startedAt >= end);
  if (starts.length < input.replicas || since.length === 0) return attempts;
  return [...attempts, open(last.number + 1, Math.min(...since), input)];
}

/** A suspended job has no attempt, whether or not its workers said that they were interrupted. */
function closeSuspended(attempts: readonly Attempt[], input: LedgerInput): readonly Attempt[] {
  if (input.pods.length > 0) return attempts;
  const message = 'The job was suspended.';
  return endAttempt(attempts, { reason: attemptReasons.interrupted, message }, input.now);
}

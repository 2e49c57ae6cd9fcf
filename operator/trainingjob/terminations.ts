/**
 * How workers ended, read from the pods: each container's current and last termination, with the
 * reason from api/exit-codes.ts and the worker's own sentence. It judges nothing.
 */
import { exitReasonOf, exitStatuses, type ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import type { Summary } from '@tfjs-operator/api/result.ts';
import type { ContainerStatus, Pod, TerminatedState } from './kubernetes.ts';
import { attemptReasons, labelKeys, messages } from './reasons.ts';

export interface Termination {
  readonly rank: number;
  readonly exitCode: number;
  readonly reason: ExitReason | (typeof attemptReasons)[keyof typeof attemptReasons];
  /** True where a restart can help. */
  readonly isRetryable: boolean;
  /** One sentence for a person. */
  readonly message: string;
  readonly summary?: Summary;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** The last words of a worker (JSON in the termination message). */
export interface LastWords {
  readonly reason?: string;
  readonly message?: string;
  readonly summary?: Summary;
}

/** Container runtimes report a death by signal n as the exit code 128 + n. */
const signalBase = 128;

const signalNames: Readonly<Record<number, string>> = {
  2: 'SIGINT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** Rank of a worker's pod from the label that Kubernetes gives it, or undefined for another pod. */
export function rankOf(pod: Pod): number | undefined {
  const index = pod.metadata.labels?.[labelKeys.completionIndex];
  return index === undefined ? undefined : Number(index);
}

/** The worker's container: the first one; a template may add others behind it. */
export function workerStatus(pod: Pod): ContainerStatus | undefined {
  return pod.status.containerStatuses?.[0];
}

/**
 * Reads a termination message: the trainer's JSON, or else text (the end of a log, or another
 * program's words), whose last line is taken as the sentence.
 */
export function parseLastWords(text: string | undefined): LastWords {
  const trimmed = (text ?? '').trim();
  const words = parseObject(trimmed);
  if (words && ('reason' in words || 'summary' in words)) return words as LastWords;
  const lastLine = trimmed.split('\n').at(-1)?.trim() ?? '';
  // A line of a structured log carries its sentence as msg.
  const line = parseObject(lastLine);
  const message = line === undefined ? lastLine : line['msg'];
  return typeof message === 'string' && message !== '' ? { message } : {};
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // Cut off at the limit of 4,096 bytes, or no JSON at all: it is shown as text.
    return undefined;
  }
}

/** All terminations that the pods still know, the earliest first; successes included. */
export function terminationsOf(pods: readonly Pod[]): readonly Termination[] {
  return pods
    .flatMap((pod) => {
      const rank = rankOf(pod);
      const status = workerStatus(pod);
      if (rank === undefined || !status) return [];
      const states = [status.lastState?.terminated, status.state.terminated];
      return states.filter((state) => state !== undefined).map((state) => describe(rank, state));
    })
    .sort((a, b) => a.finishedAt - b.finishedAt || a.rank - b.rank);
}

function describe(rank: number, state: TerminatedState): Termination {
  const words = parseLastWords(state.message);
  const reason = reasonOf(state);
  return {
    rank,
    exitCode: state.exitCode,
    reason,
    isRetryable: reason in exitStatuses ? exitStatuses[reason as ExitReason].isRetryable : true,
    message: sentenceOf(rank, state, words),
    ...(words.summary ? { summary: words.summary } : {}),
    startedAt: Date.parse(state.startedAt),
    finishedAt: Date.parse(state.finishedAt),
  };
}

function reasonOf(state: TerminatedState): Termination['reason'] {
  if (state.reason === attemptReasons.outOfMemory) return attemptReasons.outOfMemory;
  const known = exitReasonOf(state.exitCode);
  if (known) return known;
  return state.exitCode > signalBase ? attemptReasons.killed : attemptReasons.appError;
}

function sentenceOf(rank: number, state: TerminatedState, words: LastWords): string {
  if (state.reason === attemptReasons.outOfMemory) return messages.outOfMemory(rank);
  const signal = state.signal ?? (state.exitCode > signalBase ? state.exitCode - signalBase : 0);
  // Who is killed leaves no words: what stands there is the end of its log.
  const isKilled = signal > 0 && words.reason === undefined;
  if (words.message && !isKilled) return words.message;
  if (isKilled) return messages.killed(rank, signalNames[signal] ?? `signal ${signal}`);
  return messages.wordlessExit(rank, state.exitCode);
}

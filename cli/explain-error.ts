/**
 * What is said about an error that ended a command, and with which code: the only place where errors
 * become text. What is neither ours nor the system's is a fault to report, with its stack.
 */
import { CommanderError } from 'commander';
import { exitStatuses, type ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { FailureWords } from './failure-line.ts';
import { isSystemError, problemOf } from './world/system-error.ts';

export interface Explanation extends FailureWords {
  /** True where the parser of the command line has said its sentence already. */
  readonly isSaid: boolean;
}

/** @returns undefined where nothing failed: help and version end by an error too. */
export function explainError(error: unknown): Explanation | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === exitStatuses.Complete.code) return undefined;
    return explanation('UsageError', usageSentence(error.message), true);
  }
  if (error instanceof Failure) return explanation(error.reason, error.message);
  if (isSystemError(error)) {
    const what = error.path ?? error.syscall;
    const sentence = `${what} cannot be used: ${problemOf(error)}; put that right and run the command again.`;
    return explanation('StorageError', sentence);
  }
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const sentence = `a fault of tfjsctl itself, please report it: ${details}`;
  return explanation('InternalError', sentence);
}

function explanation(reason: ExitReason, message: string, isSaid = false): Explanation {
  return { reason, message, exitCode: exitStatuses[reason].code, isSaid };
}

/** `error: unknown option '--fersh'\n(Did you mean --fresh?)` as one sentence. */
export function usageSentence(text: string): string {
  const [problem = '', hint] = text.trim().split('\n');
  const suggestion = /^\(Did you mean (.*)\?\)$/.exec(hint ?? '')?.[1];
  const sentence = problem.replace(/^error: /, '').replace(/\.$/, '');
  return suggestion === undefined
    ? `${sentence}; see tfjsctl --help.`
    : `${sentence}; did you mean ${suggestion}?`;
}

/**
 * The last line of `--json` where nothing was trained to its end: one form for a wrong command line,
 * wrong files and a job that failed, so that a program reads one object whatever happened.
 */
export interface FailureWords {
  /** A reason of api/exit-codes.ts or of the job's Failed condition. */
  readonly reason: string;
  /** The sentence that a person reads. */
  readonly message: string;
  readonly exitCode: number;
}

/** @param more what else is known: findings, the summary of a run below its requirements. */
export function failureLine(words: FailureWords, more: object = {}): string {
  const { reason, message, exitCode } = words;
  return JSON.stringify({ type: 'failure', reason, message, exitCode, ...more });
}

/**
 * The one error class that carries a sentence for a person and the way the process is to end.
 * Thrown where the cause is known; turned into an exit code in the main files only.
 */
import { exitStatuses, type ExitReason } from './exit-codes.ts';

export class Failure extends Error {
  readonly reason: ExitReason;

  /** @param message one sentence: the field or file, the value, and the way out. */
  constructor(reason: ExitReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'Failure';
    this.reason = reason;
  }

  get exitCode(): number {
    return exitStatuses[this.reason].code;
  }
}

/**
 * The last words of a worker: one small JSON document in the file that Kubernetes copies into the
 * pod's status, so that the reason and the result outlive the process.
 */
import { writeFileSync } from 'node:fs';
import type { ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { Summary } from '@tfjs-operator/api/result.ts';

/** Kubernetes cuts a termination message here, which would leave broken JSON. */
const messageLimitBytes = 4_096;
export interface Termination {
  readonly reason: ExitReason;
  readonly message: string;
  readonly summary?: Summary;
}

/** An error of any kind as reason and sentence; what is no Failure is a fault of the program. */
export function terminationOf(error: unknown): Termination {
  if (error instanceof Failure) return { reason: error.reason, message: error.message };
  const text = error instanceof Error ? error.message : String(error);
  return {
    reason: 'InternalError',
    message: `A fault of the trainer itself: ${text.split('\n')[0]}; the log holds the details to report.`,
  };
}

/** Never longer than the limit: a sentence is cut before the document would be. */
export function encodeTermination(termination: Termination): string {
  let text = JSON.stringify(termination);
  let { message } = termination;
  while (Buffer.byteLength(text) > messageLimitBytes) {
    message = message.slice(0, Math.floor(message.length / 2));
    text = JSON.stringify({ reason: termination.reason, message: `${message}…` });
  }
  return text;
}

export function writeTermination(path: string | undefined, termination: Termination): void {
  if (path !== undefined) writeFileSync(path, encodeTermination(termination));
}

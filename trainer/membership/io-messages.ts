/**
 * What the training thread and the I/O thread say to each other. Values of tensors are never in a
 * message: they lie in the arena, which both threads see.
 */
import type { ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { AllReduceResult, CollectiveStats } from '../collective/collective.ts';
import type { Work } from '../collective/plan-operation.ts';
import type { GangOptions, Member } from './gang.ts';

/** Given to the thread at its start. */
export type IoOptions = Omit<GangOptions, 'signal'>;

export type ToIo =
  { readonly type: 'run'; readonly id: number; readonly work: Work } | { readonly type: 'leave' };

export type FromIo =
  | {
      readonly type: 'formed';
      readonly membershipEpoch: number;
      readonly members: readonly Member[];
    }
  | {
      readonly type: 'done';
      readonly id: number;
      readonly result: AllReduceResult;
      readonly stats: CollectiveStats;
    }
  | { readonly type: 'rejected'; readonly id: number; readonly error: PlainError }
  /** The start failed: nothing else follows. */
  | { readonly type: 'failed'; readonly error: PlainError }
  /** The gang is over. */
  | { readonly type: 'lost'; readonly error: PlainError }
  | { readonly type: 'left' };

/** An error as data: classes do not survive the way between threads. */
export interface PlainError {
  readonly reason: ExitReason | undefined;
  readonly message: string;
  readonly stack: string | undefined;
}

export function toPlainError(error: unknown): PlainError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { reason: error instanceof Failure ? error.reason : undefined, message, stack };
}

/** A Failure again; an error without a reason is a fault of the program. */
export function toFailure(error: PlainError): Failure {
  return new Failure(error.reason ?? 'InternalError', error.message, { cause: error.stack });
}

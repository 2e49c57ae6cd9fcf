/**
 * The one number that all randomness inside layers of a step follows from, so that a step compiled
 * to a graph is fed with a single scalar.
 */
import { seedOf } from './random-stream.ts';

export interface RandomKeyParts {
  /** `training.seed`. */
  readonly seed: number;
  /** Rank of the worker, or of the virtual worker: each draws masks of its own. */
  readonly rank: number;
  /** Optimizer updates done so far. */
  readonly step: number;
}

/** int32, never 0; other parts give unrelated keys. */
export function randomKeyOf({ seed, rank, step }: RandomKeyParts): number {
  return seedOf(seed, rank, step);
}

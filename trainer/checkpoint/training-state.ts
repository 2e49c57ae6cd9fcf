/**
 * What a run needs to go on as if nothing had happened. The trainer fills and reads it; the
 * checkpoints only carry it.
 */
import type { NamedArray } from '../named-array.ts';

export interface TrainingState {
  readonly runConfigDigest: string;
  readonly datasetDigest: string;
  readonly seed: number;
  /** Current pass over the training split, counted from 0. */
  readonly epoch: number;
  /** Optimizer updates done. */
  readonly step: number;
  /** Weights, statistics and optimizer slots in a fixed order; float32, row-major. */
  readonly tensors: readonly NamedArray[];
  /** JSON: history, early stopping. Finite numbers only. */
  readonly extra: unknown;
}

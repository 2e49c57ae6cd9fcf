/**
 * The seam between the run loop and the way a step is computed. The eager step implements it for
 * every backend; a compiled one (both halves recorded as graphs) fits behind the same interface,
 * since everything that changes from step to step comes in as an argument.
 * Between the two halves the caller reduces the buckets of the arena over all ranks.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Logits } from '../model/apply-with-logits.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import type { StepExecution } from '@tfjs-operator/api/progress.ts';
import type { NamedArray } from '../named-array.ts';
import type { ArenaLayout } from './plan-buckets.ts';

/** The part of a data batch that a step needs; it is only read, never released or kept. */
export interface StepBatch {
  /** [count, ...sampleShape], standardised. */
  readonly x: Float32Array;
  /** Class indices [count] (Int32) or values [count, width] (Float32). */
  readonly y: Float32Array | Int32Array;
  /** Samples of this rank; 0 is allowed. */
  readonly count: number;
}

/**
 * What matrix products and convolutions are computed in. `bfloat16` is what a compiled step alone
 * does; weights and sums are float32 with either.
 */
export type Precision = RunConfig['training']['precision'];

/** Losses of single samples, [count]; `logits` where the model ends with softmax or sigmoid. */
export type SampleLosses = (yTrue: tf.Tensor, yPred: tf.Tensor, logits?: Logits) => tf.Tensor;

/** A metric as sums that can be added over ranks and steps. */
export interface StepMetric {
  readonly name: string;
  /** Floats in the sums. */
  readonly size: number;
  /** Sums [size] over the samples. */
  update(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor;
}

export interface GradientsOptions {
  /** Samples of the step over all ranks; at least 1. */
  readonly globalCount: number;
  /** Optimizer updates done before this one; only named in errors. */
  readonly step: number;
  /** Key of the randomness inside of layers, int32; equal keys draw equal masks. */
  readonly randomKey: number;
  /** The row of figures that this rank tells the others, at most `workerFloats` long. */
  readonly worker?: { readonly rank: number; readonly row: readonly number[] };
  /**
   * Add to what the arena holds instead of overwriting it: the seam for virtual ranks, whose
   * sub-batches go through this half one after another. Only the last call announces buckets that
   * may be sent; pass a no-op as `onBucket` before.
   */
  readonly accumulate?: boolean;
}

export interface StepSums {
  /** Mean over the step's samples of loss and penalties (L1, L2), the value that is minimised. */
  readonly loss: number;
  /** Samples that were counted, over all ranks. */
  readonly count: number;
  /** Sums over samples, by metric. */
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  /** The row of each rank. */
  readonly workers: readonly (readonly number[])[];
}

export interface TrainingStep {
  readonly layout: ArenaLayout;
  /** `layout.floats` floats over a SharedArrayBuffer: buckets, sums, room for the state. */
  readonly arena: Float32Array;
  /** Floats of `writeStateTo` and `readStateFrom`. */
  readonly stateFloats: number;
  /** Optimizer updates done so far: the optimizer's iteration. */
  readonly iteration: number;
  /** May change with the first steps, when it shows whether they can be recorded. */
  readonly execution: StepExecution;
  /**
   * Writes this rank's share of the gradient of the global mean loss, so that the plain sum over
   * ranks is that gradient. Calls `onBucket` as each bucket is complete, most of them while the
   * backward pass goes on, the `sums` bucket last. Changes neither weights nor statistics: it can
   * be repeated.
   */
  gradients(
    batch: StepBatch,
    options: GradientsOptions,
    onBucket: (bucket: number) => void,
  ): { readonly computeSeconds: number };
  /**
   * Reads the reduced buckets: clips by the global norm, updates weights, slots and moving
   * statistics.
   * @returns the norm before clipping.
   * @throws Failure NumericError where loss or norm is not finite; nothing is changed then, and
   * all ranks decide alike because they look at the same reduced values.
   */
  apply(options: { readonly learningRate: number; readonly step: number }): {
    readonly gradientNorm: number;
  };
  /** The reduced sums of the step; valid until the next `gradients`. */
  readSums(): StepSums;
  /** Weights, non-trainable weights, optimizer slots, iteration, in fixed order; copies. */
  state(): NamedArray[];
  /** @throws Failure CheckpointError where the state belongs to another model or optimizer. */
  restore(state: readonly NamedArray[]): void;
  /** The same as `state()`, flat, for a broadcast through shared memory. */
  writeStateTo(target: Float32Array): void;
  readStateFrom(source: Float32Array): void;
  /** Frees the slots and gives the model its own variable reads back. */
  dispose(): void;
}

/**
 * What the two halves of an eager step and its state work on. Built once per model by
 * `createEagerStep`; the halves own nothing themselves.
 */
import type * as tfl from '@tensorflow/tfjs-layers';
import type { LayerDraws } from '../model/layer-draws.ts';
import type { LayerVariable } from './model-layers.ts';
import type { OptimizerRule } from './optimizer-rule.ts';
import type { OptimizerSlots } from './optimizer-slots.ts';
import type { SumsBucket } from './step-sums.ts';

/** A trainable variable and where its gradient lies. */
export interface GradientPlace {
  readonly variable: LayerVariable;
  readonly shape: readonly number[];
  /** Position in the model's list of trainable variables. */
  readonly order: number;
  readonly bucket: number;
  /** In floats from the start of the arena. */
  readonly offset: number;
  /** In floats from the start of the bucket. */
  readonly start: number;
  readonly length: number;
}

export interface GradientBucket {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
  /** In the order in which they lie in the bucket. */
  readonly members: readonly GradientPlace[];
}

/** The part that does not depend on the arena. */
export interface StepParts {
  readonly model: tfl.LayersModel;
  /** What the random layers of the model draw from. */
  readonly draws: LayerDraws;
  readonly buckets: readonly GradientBucket[];
  /** Moving means and variances. */
  readonly statistics: readonly LayerVariable[];
  readonly rule: OptimizerRule;
  readonly slots: OptimizerSlots;
}

export interface StepContext extends StepParts {
  readonly arena: Float32Array;
  readonly sums: SumsBucket;
}

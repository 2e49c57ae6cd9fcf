/**
 * The seam for optimizers in one pass: a kernel of tfjs that a backend may register, which updates a
 * variable and its part of the slots with the formula of optimizer-rule.ts, to the bit. Where tfjs
 * finds none for the current backend, the update is composed of operations on whole buckets.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Takes `UpdateInputs` and `UpdateAttributes`; returns the new weight, in the weight's shape. */
export const updateKernel = 'OptimizerUpdate';

/** Which of the formulas in optimizer-rule.ts. */
export type UpdateFormula =
  'sgd' | 'momentum' | 'nesterov' | 'rmsprop' | 'rmspropMomentum' | 'adagrad' | 'adam';

export interface UpdateInputs {
  readonly weight: tf.Tensor;
  /** The reduced gradients of a bucket, flat. */
  readonly gradient: tf.Tensor;
  /** The slots of the rule in its order, flat as the gradient; overwritten in place. */
  readonly slot0?: tf.Tensor;
  readonly slot1?: tf.Tensor;
}

export interface UpdateAttributes {
  readonly formula: UpdateFormula;
  /** Those of the rule. */
  readonly scalars: readonly number[];
  /** What the gradient is multiplied with first; 1 without clipping. */
  readonly clip: number;
  /** What the weight is multiplied with first; 1 without weight decay. */
  readonly decay: number;
  /** Where the variable begins in gradient and slots, in floats. */
  readonly start: number;
}

/** Whether the current backend brings the kernel. */
export function hasUpdateKernel(): boolean {
  // Typed as if it always found one.
  return (tf.getKernel(updateKernel, tf.getBackend()) as unknown) !== undefined;
}

/** @returns the new weight, a tensor of the caller's scope */
export function runUpdateKernel(inputs: UpdateInputs, attributes: UpdateAttributes): tf.Tensor {
  return tf
    .engine()
    .runKernel<tf.Tensor>(updateKernel, { ...inputs }, attributes as unknown as tf.NamedAttrMap);
}

/**
 * What a recurrent layer asks of a sequence, whichever way it is computed. The state before the
 * first step is zero; activations are Keras's defaults (tanh, and sigmoid for the gates).
 */
import type * as tf from '@tensorflow/tfjs-core';

export interface SequenceInputs {
  /** [T, B, D], in the order in which the layer works through it. */
  readonly x: tf.Tensor3D;
  /** [D, G], G the width of all gates together: 4 U, 3 U or U. */
  readonly kernel: tf.Tensor;
  /** [U, G]. */
  readonly recurrentKernel: tf.Tensor;
  /** [G]. */
  readonly bias?: tf.Tensor | undefined;
}

/** @returns all hidden states [T, B, U], or the last [B, U]. */
export type RunSequence = (inputs: SequenceInputs, returnSequences: boolean) => tf.Tensor;

/**
 * One tfjs operation for a whole sequence, with a gradient written by hand: the tape holds a single
 * entry instead of some ten per time step. Unlike `tf.customGrad`, the gradient of each input is
 * only computed where it is wanted, which for the first layer's input it is not.
 */
import * as tf from '@tensorflow/tfjs-core';

export interface SequenceOperation {
  /** What the gradients are taken for, by name. */
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  /** @param save keeps tensors for `gradients`; without a tape it does nothing. */
  readonly forward: (save: (tensors: tf.Tensor[]) => void) => tf.Tensor;
  /**
   * Runs once, in a scope that outlives the functions it returns.
   * @param saved the tensors given to `save`, in that order.
   */
  readonly gradients: (
    dy: tf.Tensor,
    saved: tf.Tensor[],
  ) => Readonly<Record<string, () => tf.Tensor>>;
}

/** The engine's method behind `tf.customGrad`, which TypeScript knows as private. */
interface Engine {
  runKernelFunc(operation: {
    readonly inputs: SequenceOperation['inputs'];
    readonly forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor;
    readonly backwardsFunc: SequenceOperation['gradients'];
  }): tf.Tensor;
}

export function runSequence({ inputs, forward, gradients }: SequenceOperation): tf.Tensor {
  const engine = tf.engine() as unknown as Engine;
  return engine.runKernelFunc({
    inputs,
    forwardFunc: (_, save) => forward(save),
    backwardsFunc: gradients,
  });
}

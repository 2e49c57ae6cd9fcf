/**
 * Gradients of gates by their activated values, as one operation where the backend has it. Names of
 * kernels that a backend may register: the seam for what is smaller than a whole sequence.
 */
import * as tf from '@tensorflow/tfjs-core';
import { hasSequenceKernel } from './sequence-kernels.ts';

/** Inputs y and dy, both of one shape. */
export const sigmoidGradientKernel = 'SigmoidGrad';
/** Inputs y and dy, both of one shape. */
export const tanhGradientKernel = 'TanhGrad';

function runOr(kernel: string, inputs: tf.NamedTensorMap, compose: () => tf.Tensor): tf.Tensor {
  if (!hasSequenceKernel(kernel)) return tf.tidy(compose);
  return tf.engine().runKernel(kernel, inputs);
}

/** dy y (1 - y), for y = sigmoid(x). */
export function sigmoidGradient(y: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  return runOr(sigmoidGradientKernel, { y, dy }, () => tf.mul(dy, tf.mul(y, tf.sub(1, y))));
}

/** dy (1 - y²), for y = tanh(x). */
export function tanhGradient(y: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  return runOr(tanhGradientKernel, { y, dy }, () => tf.mul(dy, tf.sub(1, tf.square(y))));
}

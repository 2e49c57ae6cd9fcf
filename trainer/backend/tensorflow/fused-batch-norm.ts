/**
 * Batch normalization in training by FusedBatchNormV3 and its gradient: two operations where tfjs's
 * decomposition takes some forty. Registered as a kernel of tfjs with three results (the output, the
 * batch's mean and its variance) and the gradient by the first of them.
 */
import * as tf from '@tensorflow/tfjs-core';
import { nativeOps, type OpAttributes } from './native-op.ts';
import {
  defineGradient,
  defineKernel,
  type TensorflowGradient,
  type TensorflowKernel,
} from './tensorflow-kernel.ts';

const name = 'FusedBatchNormV3';
/** Outputs: y, mean, variance, and three that only the gradient reads. */
const outputs = 6;
/** Outputs of the gradient: those by x, scale and offset, and two that are empty. */
const gradientOutputs = 5;

interface Inputs {
  readonly x: tf.Tensor;
  readonly scale: tf.Tensor;
  readonly offset: tf.Tensor;
}

interface Attributes {
  readonly epsilon: number;
}

function attributesOf({ epsilon }: Attributes): OpAttributes {
  return {
    T: { dtype: 'float32' },
    U: { dtype: 'float32' },
    epsilon: { float: epsilon },
    data_format: { string: 'NHWC' },
    is_training: { bool: true },
  };
}

export const batchNormKernel: TensorflowKernel = defineKernel<Inputs, Attributes>(
  name,
  ({ x, scale, offset }, attributes) => {
    // No average goes in, since a factor of 1 asks for the statistics of the batch alone.
    const none = tf.tensor1d([], 'float32');
    const native = { ...attributesOf(attributes), exponential_avg_factor: { float: 1 } };
    const results = nativeOps(name, [x, scale, offset, none, none], native, outputs);
    none.dispose();
    return results;
  },
);

export const batchNormGradient: TensorflowGradient = defineGradient<
  readonly tf.Tensor[],
  Attributes
>(
  name,
  { inputs: ['x', 'scale'], outputs: [false, false, false, true, true, true] },
  (dy, saved, attributes) => {
    const [x, scale, offset] = nativeOps(
      'FusedBatchNormGradV3',
      [dy, ...saved],
      attributesOf(attributes),
      gradientOutputs,
    );
    return { x: () => x!, scale: () => scale!, offset: () => offset! };
  },
);

export interface Normalized {
  /** In the shape of the input. */
  readonly output: tf.Tensor;
  /** Of the batch, [channels], without a gradient. */
  readonly mean: tf.Tensor;
  /** As the mean; divided by the number of values, not by one less. */
  readonly variance: tf.Tensor;
}

/** @param x [..., channels]: normalised over all axes but the last. */
export function fusedBatchNorm(
  { x, scale, offset }: Inputs,
  attributes: { readonly epsilon: number },
): Normalized {
  const channels = scale.size;
  const count = x.size / channels;
  const image = x.rank === 4 ? x : tf.reshape(x, [count, 1, 1, channels]);
  const [y, mean, corrected] = tf
    .engine()
    .runKernel<tf.Tensor[]>(name, { x: image, scale, offset }, { ...attributes });
  return {
    output: x.rank === 4 ? y! : tf.reshape(y!, x.shape),
    mean: mean!,
    // TensorFlow divides by count - 1 (Bessel's correction); Keras and tfjs keep the plain variance.
    variance: tf.mul(corrected!, (count - 1) / count),
  };
}

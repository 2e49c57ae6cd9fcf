/**
 * Kernels that change no value. Where type and shape stay as they are, too, the result refers to the
 * same tensor: no operation. A new axis is a Reshape, which TensorFlow joins with those around it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineKernel, type TensorflowKernel } from './tensorflow-kernel.ts';

interface Single {
  readonly x: tf.Tensor;
}

const castToSame = defineKernel<Single, { readonly dtype: tf.DataType }>(
  tf.Cast,
  ({ x }) => tf.clone(x),
  ({ x }, { dtype }) => x.dtype === dtype,
);

const reshapeToSame = defineKernel<Single, { readonly shape: readonly number[] }>(
  tf.Reshape,
  ({ x }) => tf.clone(x),
  ({ x }, { shape }) =>
    x.shape.length === shape.length && x.shape.every((length, index) => length === shape[index]),
);

const expandDims = defineKernel<{ readonly input: tf.Tensor }, { readonly dim: number }>(
  tf.ExpandDims,
  ({ input }, { dim }) => {
    const position = dim < 0 ? dim + input.shape.length + 1 : dim;
    return tf.reshape(input, input.shape.toSpliced(position, 0, 1));
  },
);

export const sameValueKernels: readonly TensorflowKernel[] = [
  castToSame,
  reshapeToSame,
  expandDims,
];

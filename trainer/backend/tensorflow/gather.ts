/**
 * Looking rows up by their indices. tfjs-node reads all indices to check their range first, which
 * waits for them and cannot be part of a graph; TensorFlow checks them itself on a CPU, and says
 * which one is out of range. On a GPU such a row is 0.
 */
import * as tf from '@tensorflow/tfjs-core';
import { nativeOp } from './native-op.ts';
import { defineKernel, type TensorflowKernel } from './tensorflow-kernel.ts';

interface Operands {
  readonly x: tf.Tensor;
  readonly indices: tf.Tensor;
}

interface Attributes {
  readonly axis: number;
  readonly batchDims: number;
}

export const gather: TensorflowKernel = defineKernel<Operands, Attributes>(
  tf.GatherV2,
  ({ x, indices }, { axis, batchDims }) =>
    tf.tidy(() =>
      nativeOp('GatherV2', [x, indices, tf.scalar(axis, 'int32')], {
        batch_dims: { int: batchDims },
        Tparams: { dtype: 'float32' },
        Tindices: { dtype: 'int32' },
        Taxis: { dtype: 'int32' },
      }),
    ),
  ({ x, indices }) => x.dtype === 'float32' && indices.dtype === 'int32',
);

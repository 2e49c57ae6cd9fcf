/**
 * A product of two matrices as MatMul. tfjs-node asks for a batch of products even of one, which
 * TensorFlow neither fuses with a bias and an activation nor hands to its fastest kernel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { nativeOp } from './native-op.ts';
import { defineKernel, type TensorflowKernel } from './tensorflow-kernel.ts';

interface Operands {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

function isMatrix({ shape, dtype }: tf.Tensor): boolean {
  return dtype === 'float32' && (shape.length === 2 || (shape.length === 3 && shape[0] === 1));
}

/** Also where tfjs wraps matrices as batches of one; they are unwrapped, and the result wrapped. */
export const matMul: TensorflowKernel = defineKernel<Operands, Transposes>(
  tf.BatchMatMul,
  ({ a, b }, { transposeA, transposeB }) => {
    const product = (): tf.Tensor => {
      const result = nativeOp('MatMul', [asMatrix(a), asMatrix(b)], {
        T: { dtype: 'float32' },
        transpose_a: { bool: transposeA },
        transpose_b: { bool: transposeB },
      });
      const isBatch = a.shape.length === 3 || b.shape.length === 3;
      return isBatch ? tf.reshape(result, [1, ...result.shape]) : result;
    };
    return tf.tidy(product);
  },
  ({ a, b }) => isMatrix(a) && isMatrix(b),
);

function asMatrix(x: tf.Tensor): tf.Tensor {
  return x.shape.length === 2 ? x : tf.reshape(x, x.shape.slice(1));
}

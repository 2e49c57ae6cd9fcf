/**
 * Gradients of Sum and Mean: the incoming gradient is spread by BroadcastTo. tfjs multiplies it by a
 * tensor of ones as large as the input, which it makes and uploads anew in each step.
 */
import * as tf from '@tensorflow/tfjs-core';
import { nativeOp } from './native-op.ts';
import { defineGradient, type TensorflowGradient } from './tensorflow-kernel.ts';

interface ReductionAttributes {
  readonly axis: number | number[];
}

function reduction(
  name: string,
  weigh: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor,
): TensorflowGradient {
  return defineGradient<readonly [tf.Tensor], ReductionAttributes>(
    name,
    { inputs: ['x'] },
    (dy, [x], { axis }) => ({
      x: () => {
        const axes = tf.util.parseAxisParam(axis, x.shape);
        const kept = x.shape.map((length, index) => (axes.includes(index) ? 1 : length));
        return broadcastTo(tf.reshape(weigh(dy, x), kept), x.shape);
      },
    }),
  );
}

function broadcastTo(x: tf.Tensor, shape: number[]): tf.Tensor {
  return nativeOp('BroadcastTo', [x, tf.tensor1d(shape, 'int32')], {
    T: { dtype: 'float32' },
    Tidx: { dtype: 'int32' },
  });
}

/** Of a mean the gradient is divided before it is spread. */
export const reductionGradients: readonly TensorflowGradient[] = [
  reduction(tf.Sum, (dy) => dy),
  reduction(tf.Mean, (dy, x) => tf.mul(dy, dy.size / x.size)),
];

/**
 * Adding a bias to rows as BiasAdd, and its gradient as BiasAddGrad. TensorFlow fuses the first into
 * the convolution or product before it, which it does not do for an addition that broadcasts; the
 * second sums rows in blocks, over all threads.
 */
import * as tf from '@tensorflow/tfjs-core';
import { nativeOp, type OpAttributes } from './native-op.ts';
import {
  defineGradient,
  defineKernel,
  type TensorflowGradient,
  type TensorflowKernel,
} from './tensorflow-kernel.ts';

interface Operands {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

const channelsLast: OpAttributes = {
  T: { dtype: 'float32' },
  data_format: { string: 'NHWC' },
};

/** True where b is one number per column of a, with at most leading axes of length 1 before it. */
function isBias({ a, b }: Operands): boolean {
  const columns = a.shape.at(-1);
  return (
    a.dtype === 'float32' &&
    b.dtype === 'float32' &&
    a.rank > 1 &&
    b.rank > 0 &&
    b.rank <= a.rank &&
    b.shape.at(-1) === columns &&
    b.size === columns &&
    a.size !== b.size
  );
}

/** Sum over all axes but the last: [..., columns] to [columns]. */
function sumRows(x: tf.TensorInfo): tf.Tensor {
  return nativeOp('BiasAddGrad', [x], channelsLast);
}

export const addBias: TensorflowKernel = defineKernel<Operands>(
  tf.Add,
  ({ a, b }) => tf.tidy(() => nativeOp('BiasAdd', [a, tf.reshape(b, [b.size])], channelsLast)),
  isBias,
);

interface SumAttributes {
  /** All of them where absent. */
  readonly axis?: number | number[] | null;
  readonly keepDims?: boolean;
}

/** Sums over all axes but the last, however they come about. */
export const sumOfRows: TensorflowKernel = defineKernel<{ readonly x: tf.Tensor }, SumAttributes>(
  tf.Sum,
  ({ x }, { keepDims }) => {
    const sum = sumRows(x);
    if (keepDims !== true) return sum;
    const kept = tf.reshape(
      sum,
      x.shape.map((length, axis) => (axis < x.rank - 1 ? 1 : length)),
    );
    sum.dispose();
    return kept;
  },
  ({ x }, { axis }) => {
    const { length: rank } = x.shape;
    if (rank < 2 || x.dtype !== 'float32' || x.shape.includes(0)) return false;
    const axes = tf.util.parseAxisParam(axis ?? [...x.shape.keys()], x.shape);
    return axes.length === rank - 1 && !axes.includes(rank - 1);
  },
);

export const addGradient: TensorflowGradient = defineGradient<readonly [tf.Tensor, tf.Tensor]>(
  tf.Add,
  { inputs: ['a', 'b'] },
  (dy, [a, b]) => ({
    a: () => sumTo(dy, a.shape),
    b: () => sumTo(dy, b.shape),
  }),
);

/** The gradient by an operand that was broadcast. A tensor of its own: the caller disposes it. */
function sumTo(dy: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, dy.shape);
  return axes.length === 0 && dy.rank === shape.length
    ? tf.clone(dy)
    : tf.reshape(tf.sum(dy, axes), shape);
}

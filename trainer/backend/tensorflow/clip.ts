/** Clipping and its gradient in one and two operations, where tfjs-node and tfjs take two and five. */
import * as tf from '@tensorflow/tfjs-core';
import { nativeOp } from './native-op.ts';
import {
  defineGradient,
  defineKernel,
  type TensorflowGradient,
  type TensorflowKernel,
} from './tensorflow-kernel.ts';

interface Bounds {
  readonly clipValueMin: number;
  readonly clipValueMax: number;
}

export const clipByValue: TensorflowKernel = defineKernel<{ readonly x: tf.Tensor }, Bounds>(
  tf.ClipByValue,
  ({ x }, { clipValueMin, clipValueMax }) =>
    tf.tidy(() => nativeOp('ClipByValue', [x, tf.scalar(clipValueMin), tf.scalar(clipValueMax)])),
  ({ x }) => x.dtype === 'float32',
);

/** What was clipped differs from what came in; the bounds themselves have a gradient, as in tfjs. */
export const clipByValueGradient: TensorflowGradient = defineGradient<
  readonly [x: tf.Tensor, y: tf.Tensor]
>(tf.ClipByValue, { inputs: ['x'], outputs: [true] }, (dy, [x, y]) => ({
  x: () => nativeOp('SelectV2', [tf.equal(x, y), dy, tf.scalar(0)]),
}));

/** The gradient of relu in one pass; tfjs takes two, and reads the input instead of the output. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendGradient } from '../backend-gradient.ts';
import { sizeOf } from './heap.ts';
import { defineKernel, requireFloats } from './wasm-kernel.ts';

const name = 'ReluGradient';

export const reluGradient = defineKernel<{ dy: tf.TensorInfo; y: tf.TensorInfo }, object>(
  name,
  ({ heap, loops }, { dy, y }) => {
    requireFloats(name, { dy, y });
    const dx = heap.allocateOutput(y.shape);
    loops.reluGradientLoop(sizeOf(y.shape), ...[dy, y, dx].map(heap.addressOf));
    return dx;
  },
);

export const gradientOfRelu: BackendGradient = {
  name: tf.Relu,
  inputsToSave: [],
  outputsToSave: [true],
  gradients: (dy, saved) => {
    const [y] = saved as [tf.Tensor];
    return { x: () => tf.engine().runKernel<tf.Tensor>(name, { dy, y }) };
  },
};

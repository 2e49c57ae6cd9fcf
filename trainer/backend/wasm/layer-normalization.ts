/**
 * Layer normalization over the last axes as two kernels, forward and backward, each of which reads a
 * row once. The name is the one by which trainer/model/layer-normalization.ts leaves the layer to a
 * backend.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { BackendGradient } from '../backend-gradient.ts';
import type { LayerCall } from '../layer-override.ts';
import { sizeOf } from './heap.ts';
import { defineKernel, requireFloats } from './wasm-kernel.ts';

const forwardName = 'LayerNorm';
const backwardName = 'LayerNormGradient';

interface Attributes {
  readonly epsilon: number;
}

interface Inputs {
  /** [rows, columns] */
  readonly x: tf.TensorInfo;
  /** [columns] */
  readonly scale: tf.TensorInfo;
  readonly offset: tf.TensorInfo;
}

/** Results: y [rows, columns]; of each row the mean and 1 / √(variance + ε), both [rows]. */
export const layerNormalization = defineKernel<Inputs, Attributes>(
  forwardName,
  ({ heap, loops }, { x, scale, offset }, { epsilon }) => {
    requireFloats(forwardName, { x, scale, offset });
    const [rows = 0, columns = 0] = x.shape;
    const outputs = [x.shape, [rows], [rows]].map(heap.allocateOutput);
    if (rows * columns === 0) return outputs;
    const addresses = [x, scale, offset, ...outputs].map(heap.addressOf);
    loops.normalizeRow(rows, columns, ...addresses, epsilon);
    return outputs;
  },
);

interface GradientInputs {
  readonly dy: tf.TensorInfo;
  readonly x: tf.TensorInfo;
  readonly scale: tf.TensorInfo;
  readonly mean: tf.TensorInfo;
  readonly inverse: tf.TensorInfo;
}

export const layerNormalizationGradient = defineKernel<GradientInputs, object>(
  backwardName,
  ({ heap, loops }, { dy, x, scale, mean, inverse }) => {
    const [rows = 0, columns = 0] = x.shape;
    const outputs = [
      heap.allocateOutput(x.shape),
      heap.allocateZeros([columns]),
      heap.allocateZeros([columns]),
    ];
    if (sizeOf(x.shape) === 0) return outputs;
    const addresses = [dy, x, scale, mean, inverse, ...outputs].map(heap.addressOf);
    loops.normalizeRowGradient(rows, columns, ...addresses);
    return outputs;
  },
);

export const gradientOfLayerNormalization: BackendGradient = {
  name: forwardName,
  inputsToSave: ['x', 'scale'],
  outputsToSave: [false, true, true],
  gradients: (dy, saved) => {
    const [x, scale, mean, inverse] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const [dx, dScale, dOffset] = tf
      .engine()
      .runKernel<tf.Tensor[]>(backwardName, { dy, x, scale, mean, inverse });
    return { x: () => dx!, scale: () => dScale!, offset: () => dOffset! };
  },
};

/** What tfjs-layers' LayerNormalization has besides its public interface, once it is built. */
interface LayerNormalizationLayer {
  readonly axis: readonly number[];
  readonly epsilon: number;
  /** Null where the layer does not scale or centre. */
  readonly gamma: LayerVariable | null;
  readonly beta: LayerVariable | null;
}

export const callLayerNormalization: LayerCall<LayerNormalizationLayer> = (layer, x) => {
  const { axis, epsilon, gamma, beta } = layer;
  const kept = x.rank - axis.length;
  // The numbers of a row have to lie together.
  const isInner = axis.some((each, index) => each !== kept + index);
  if (isInner || x.dtype !== 'float32') return undefined;
  const width = sizeOf(x.shape.slice(kept));
  const weight = (variable: LayerVariable | null, without: number): tf.Tensor =>
    variable ? tf.reshape(variable.read(), [width]) : tf.fill([width], without);
  const inputs = {
    x: tf.reshape(x, [-1, width]),
    scale: weight(gamma, 1),
    offset: weight(beta, 0),
  };
  const [y] = tf.engine().runKernel<tf.Tensor[]>(forwardName, inputs, { epsilon });
  return tf.reshape(y!, x.shape);
};

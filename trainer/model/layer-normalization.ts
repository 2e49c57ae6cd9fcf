/**
 * LayerNormalization over the last axes with a gradient of its own. TensorFlow.js tiles means and
 * variances to the size of the input and takes the gradients of BatchNormalization and of the
 * moments, which reads the activations many times more often. The weights stay those of the layer.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { walkLayers, type LayerInside } from './layer-walk.ts';

export interface Normalization {
  readonly epsilon: number;
  /** [width]; absent: 1. */
  readonly gamma?: tf.Tensor | undefined;
  /** [width]; absent: 0. */
  readonly beta?: tf.Tensor | undefined;
}

/**
 * Each row with mean 0 and variance 1 (of which epsilon is a part), times gamma, plus beta.
 * @param rows [rows, width].
 */
export function normalizeRows(rows: tf.Tensor, options: Normalization): tf.Tensor {
  const { epsilon, gamma, beta } = options;
  const operation = tf.customGrad((...given) => {
    const [input] = given as [tf.Tensor];
    const save = given.at(-1) as tf.GradSaveFunc;
    const centred = tf.sub(input, tf.mean(input, 1, true));
    const variance = tf.mean(tf.square(centred), 1, true);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const normal = tf.mul(centred, inverse);
    const scaled = gamma === undefined ? normal : tf.mul(normal, gamma);
    save([normal, inverse, ...(gamma === undefined ? [] : [gamma])]);
    return {
      value: beta === undefined ? scaled : tf.add(scaled, beta),
      gradFunc: (gradient, saved) => {
        const { input: dInput, gamma: dGamma } = rowGradients(gradient, saved);
        return [
          dInput,
          ...(gamma === undefined ? [] : [dGamma]),
          ...(beta === undefined ? [] : [tf.sum(gradient, 0)]),
        ];
      },
    };
  });
  return operation(...[rows, gamma, beta].filter((tensor) => tensor !== undefined));
}

/** With n the normalised rows and g = gradient·gamma: (g - mean(g) - n·mean(g·n)) / deviation. */
function rowGradients(
  gradient: tf.Tensor,
  saved: readonly tf.Tensor[],
): { input: tf.Tensor; gamma: tf.Tensor } {
  const [normal, inverse, gamma] = saved as [tf.Tensor, tf.Tensor, tf.Tensor?];
  const width = normal.shape[1]!;
  const product = tf.mul(gradient, normal);
  // The mean over a row of what is multiplied with gamma: one pass as a product of matrices.
  const weights = gamma
    ? tf.reshape(tf.div(gamma, width), [width, 1])
    : tf.fill([width, 1], 1 / width);
  const mean = tf.matMul(gradient, weights);
  const meanProduct = tf.matMul(product, weights);
  const scaled = gamma ? tf.mul(gradient, gamma) : gradient;
  const centred = tf.sub(tf.sub(scaled, mean), tf.mul(normal, meanProduct));
  return { input: tf.mul(centred, inverse), gamma: tf.sum(product, 0) };
}

/** What TensorFlow.js keeps on the layer once it is built. */
interface BuiltLayer extends LayerInside {
  readonly axis: readonly number[];
  readonly epsilon: number;
  readonly gamma: LayerVariable | null;
  readonly beta: LayerVariable | null;
}

/** Makes the model's LayerNormalization layers compute with normalizeRows. */
export function normalizeByRows(model: LayersModel): void {
  for (const { layer } of walkLayers(model)) {
    if (layer.getClassName() === 'LayerNormalization') normalizeLayerByRows(layer);
  }
}

type Call = (inputs: tf.Tensor | tf.Tensor[], options: unknown) => tf.Tensor | tf.Tensor[];

/** Kernel of a backend whose own form of the layer stands on the prototype (wasm). */
const backendKernel = 'LayerNorm';

function hasOwnKernel(): boolean {
  // Typed as if it always found one.
  return (tf.getKernel(backendKernel, tf.getBackend()) as unknown) !== undefined;
}

/** Over other axes than the last ones the layer computes as TensorFlow.js made it. */
export function normalizeLayerByRows(given: object): void {
  const layer = given as BuiltLayer & { call?: Call };
  const original = (Object.getPrototypeOf(layer) as { call: Call }).call;
  const call: Call = (inputs, options) => {
    const input = Array.isArray(inputs) ? inputs[0]! : inputs;
    const kept = input.rank - layer.axis.length;
    // The numbers of a row have to lie together.
    const isInner = layer.axis.some((axis, index) => axis !== kept + index);
    if (isInner || hasOwnKernel()) return original.call(layer, inputs, options);
    return tf.tidy(() => {
      const width = input.shape.slice(kept).reduce((product, length) => product * length, 1);
      const weight = (variable: LayerVariable | null): tf.Tensor | undefined =>
        variable ? tf.reshape(variable.read(), [width]) : undefined;
      const rows = normalizeRows(tf.reshape(input, [-1, width]), {
        epsilon: layer.epsilon,
        gamma: weight(layer.gamma),
        beta: weight(layer.beta),
      });
      return tf.reshape(rows, input.shape);
    });
  };
  Object.assign(layer, { call });
}

/**
 * Randomness inside layers (dropout and noise), taken from one source of draws that is a function
 * of (seed, rank, step, layer): a run that resumes from a checkpoint draws the same masks as one
 * that never stopped. TensorFlow.js seeds Dropout once in its configuration and the other layers
 * not at all. Where the numbers come from is the source's business: seeded-draws.ts on any backend,
 * backend/tensorflow/stateless-draws.ts inside of TensorFlow's graph.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { walkLayers, type LayerInside } from './layer-walk.ts';

/** Each draw is a function of the key of the pass, the path and the draws of that path before. */
export interface LayerDraws {
  /** Uniform numbers in [0, 1), float32; the caller's scope owns the tensor. */
  uniform(shape: readonly number[], path: string): tf.Tensor;
  /** Normal numbers of mean 0 and deviation 1, float32. */
  normal(shape: readonly number[], path: string): tf.Tensor;
  /**
   * Call it before each forward pass in training mode, in a scope that outlives the pass.
   * @param key int32, from `randomKeyOf`.
   */
  startPass(key: number): void;
}

type Inputs = tf.Tensor | tf.Tensor[];
type Call = (inputs: Inputs, options: { readonly training?: boolean }) => Inputs;

/**
 * Makes every layer of the model that is random in training ask `draws`; in inference they pass
 * their input on. Called again, it takes the place of the earlier source.
 */
export function drawLayersFrom(model: LayersModel, draws: LayerDraws): void {
  for (const { layer, path } of walkLayers(model)) {
    switch (layer.getClassName()) {
      case 'Dropout':
      case 'SpatialDropout1D':
        replaceCall(layer, (input, rate) =>
          tf.mul(input, keepMask(draws.uniform(noiseShapeOf(layer, input), path), rate)),
        );
        break;
      case 'GaussianNoise':
        replaceCall(layer, (input) =>
          tf.add(input, tf.mul(draws.normal(input.shape, path), layer.stddev ?? 0)),
        );
        break;
      case 'GaussianDropout':
        replaceCall(layer, (input, rate) => {
          const noise = tf.mul(draws.normal(input.shape, path), Math.sqrt(rate / (1 - rate)));
          return tf.mul(input, tf.add(noise, 1));
        });
        break;
      case 'AlphaDropout':
        replaceCall(layer, (input, rate) =>
          alphaDropout(input, draws.uniform(noiseShapeOf(layer, input), path), rate),
        );
        break;
      case 'SimpleRNNCell':
      case 'LSTMCell':
      case 'GRUCell':
      case 'ConvLSTM2DCell':
        // Called by the cell for each mask of a pass (one per gate, inputs first).
        layer.dropoutFunc = (ones: tf.Tensor, rate: number): tf.Tensor =>
          tf.tidy(() => keepMask(draws.uniform(ones.shape, path), rate));
        break;
      case 'MultiHeadAttention':
        layer.drawFactors = (shape: readonly number[], rate: number): tf.Tensor =>
          tf.tidy(() => keepMask(draws.uniform(shape, path), rate));
        break;
      default:
    }
  }
}

/**
 * Replaces what a layer computes in training mode. `noisy` is not asked where the layer has a rate
 * at which it does nothing: TensorFlow.js ignores rates outside of (0, 1).
 */
function replaceCall(
  layer: LayerInside,
  noisy: (input: tf.Tensor, rate: number) => tf.Tensor,
): void {
  const { rate = 0 } = layer;
  const isOff = layer.stddev === undefined && (rate <= 0 || rate >= 1);
  const call: Call = (inputs, options) => {
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    if (isOff || input === undefined || options.training !== true) return inputs;
    return tf.tidy(() => noisy(input, rate));
  };
  Object.assign(layer, { call });
}

/** Inverted dropout: 0 with probability `rate`, else 1 / (1 - rate), so that the mean stays. */
function keepMask(uniform: tf.Tensor, rate: number): tf.Tensor {
  return tf.mul(tf.cast(tf.greaterEqual(uniform, rate), 'float32'), 1 / (1 - rate));
}

/** Klambauer et al. 2017, Self-Normalizing Neural Networks, as keras.layers.AlphaDropout. */
function alphaDropout(input: tf.Tensor, uniform: tf.Tensor, rate: number): tf.Tensor {
  const saturation = -1.6732632423543772 * 1.0507009873554805;
  const scale = ((1 - rate) * (1 + rate * saturation ** 2)) ** -0.5;
  const shift = -scale * saturation * rate;
  const kept = tf.cast(tf.greaterEqual(uniform, rate), 'float32');
  const masked = tf.add(tf.mul(input, kept), tf.mul(tf.sub(1, kept), saturation));
  return tf.add(tf.mul(masked, scale), shift);
}

/** What TensorFlow.js keeps on Dropout (with getNoiseShape) and AlphaDropout (without). */
interface NoisyLayer {
  readonly noiseShape?: readonly (number | null)[] | null;
  getNoiseShape?(input: tf.Tensor): readonly number[] | null | undefined;
}

/** Shape of the mask; axes that the layer's noise shape leaves open are those of the input. */
function noiseShapeOf(layer: LayerInside, input: tf.Tensor): readonly number[] {
  const noisy = layer as NoisyLayer;
  const own = noisy.getNoiseShape?.(input) ?? noisy.noiseShape;
  return own ? own.map((size, axis) => size ?? input.shape[axis] ?? 1) : input.shape;
}

/**
 * Randomness inside layers (dropout and noise) as a function of (seed, rank, step, layer): a run
 * that resumes from a checkpoint draws the same masks as one that never stopped. TensorFlow.js
 * seeds Dropout once in its configuration and the other layers not at all.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { walkLayers, type LayerInside } from './layer-walk.ts';
import { seedOf } from './random-stream.ts';

export interface StepKey {
  /** `training.seed`. */
  readonly seed: number;
  /** Rank of the worker, or of the virtual worker: each draws masks of its own. */
  readonly rank: number;
  /** Optimizer updates done so far. */
  readonly step: number;
}

type Inputs = tf.Tensor | tf.Tensor[];
type Call = (inputs: Inputs, options: { readonly training?: boolean }) => Inputs;

/**
 * Seeds all layers of the model for one forward pass in training mode; call it before each step.
 * Within the pass a recurrent layer draws a fresh mask for each gate.
 */
export function setStepSeed(model: LayersModel, key: StepKey): void {
  for (const { layer, path } of walkLayers(model)) {
    const seed = seedOf(key.seed, key.rank, key.step, path);
    switch (layer.getClassName()) {
      case 'Dropout':
      case 'SpatialDropout1D':
        layer.seed = seed;
        break;
      case 'GaussianNoise':
        replaceCall(layer, (x) =>
          tf.add(x, tf.randomNormal(x.shape, 0, layer.stddev, 'float32', seed)),
        );
        break;
      case 'GaussianDropout':
        replaceCall(layer, (x) => gaussianDropout(x, layer.rate ?? 0, seed));
        break;
      case 'AlphaDropout':
        replaceCall(layer, (x) => alphaDropout(x, layer, seed));
        break;
      case 'SimpleRNNCell':
      case 'LSTMCell':
      case 'GRUCell':
      case 'ConvLSTM2DCell':
        layer.dropoutFunc = maskSequence(seed);
        break;
      default:
    }
  }
}

/** Called by the cell for each mask of a pass (one per gate, inputs first). */
function maskSequence(seed: number): (ones: tf.Tensor, rate: number) => tf.Tensor {
  let drawn = 0;
  return (ones, rate) => tf.dropout(ones, rate, undefined, seedOf(seed, drawn++));
}

/** Replaces what a layer computes in training mode; in inference it passes its input on. */
function replaceCall(layer: LayerInside, noisy: (input: tf.Tensor) => tf.Tensor): void {
  const call: Call = (inputs, options) => {
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    if (input === undefined || options.training !== true) return inputs;
    return tf.tidy(() => noisy(input));
  };
  Object.assign(layer, { call });
}

function gaussianDropout(input: tf.Tensor, rate: number, seed: number): tf.Tensor {
  if (rate <= 0 || rate >= 1) return tf.clone(input);
  const deviation = Math.sqrt(rate / (1 - rate));
  return tf.mul(input, tf.randomNormal(input.shape, 1, deviation, 'float32', seed));
}

/** Klambauer et al. 2017, Self-Normalizing Neural Networks, as keras.layers.AlphaDropout. */
function alphaDropout(input: tf.Tensor, layer: LayerInside, seed: number): tf.Tensor {
  const rate = layer.rate ?? 0;
  if (rate <= 0 || rate >= 1) return tf.clone(input);
  const saturation = -1.6732632423543772 * 1.0507009873554805;
  const noiseShape = (layer as { readonly noiseShape?: readonly (number | null)[] }).noiseShape;
  const shape = noiseShape
    ? noiseShape.map((size, axis) => size ?? input.shape[axis] ?? 1)
    : input.shape;
  const kept = tf.cast(
    tf.greaterEqual(tf.randomUniform(shape, 0, 1, 'float32', seed), rate),
    'float32',
  );
  const scale = ((1 - rate) * (1 + rate * saturation ** 2)) ** -0.5;
  const shift = -scale * saturation * rate;
  const masked = tf.add(tf.mul(input, kept), tf.mul(tf.sub(1, kept), saturation));
  return tf.add(tf.mul(masked, scale), shift);
}

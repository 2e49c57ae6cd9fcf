/**
 * Layers of tfjs-layers that compute with one operation of TensorFlow what they otherwise compose:
 * their `call` asks ours first while tensorflow is the backend. Weights, shapes, configuration and
 * the writing of moving statistics stay theirs. What ours does not handle falls back.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { fusedBatchNorm } from './fused-batch-norm.ts';

/** What tfjs-layers' normalization layers have besides their public interface. */
interface Normalization {
  readonly axis: number | readonly number[];
  readonly epsilon: number;
  /** Absent where the layer does not scale or centre. */
  readonly gamma: tfl.LayerVariable | null;
  readonly beta: tfl.LayerVariable | null;
}

interface MovingStatistics {
  readonly momentum: number;
  readonly movingMean: tfl.LayerVariable;
  readonly movingVariance: tfl.LayerVariable;
}

type Call = (
  inputs: tf.Tensor | tf.Tensor[],
  options: { readonly training?: boolean },
) => tf.Tensor;
/** @returns undefined where tfjs's own must compute */
type Override<Layer> = (
  layer: Layer,
  x: tf.Tensor,
  options: { readonly training?: boolean },
) => tf.Tensor | undefined;

export function overrideLayers(): void {
  override(tfl.layers.batchNormalization(), callBatchNormalization);
}

const callBatchNormalization: Override<Normalization & MovingStatistics> = (layer, x, options) => {
  const { gamma, beta, epsilon, momentum } = layer;
  if (options.training !== true || gamma === null || beta === null || !isLastAxis(layer, x)) {
    return undefined;
  }
  const inputs = { x, scale: gamma.read(), offset: beta.read() };
  const { output, mean, variance } = fusedBatchNorm(inputs, { epsilon });
  moveTowards(layer.movingMean, mean, momentum);
  moveTowards(layer.movingVariance, variance, momentum);
  return output;
};

function isLastAxis({ axis }: Normalization, { rank }: tf.Tensor): boolean {
  const axes = typeof axis === 'number' ? [axis] : axis;
  return rank > 1 && axes.length === 1 && (axes[0]! + rank) % rank === rank - 1;
}

/** value += (target - value) (1 - momentum), the formula of tfjs and Keras. */
function moveTowards(variable: tfl.LayerVariable, target: tf.Tensor, momentum: number): void {
  const value = variable.read();
  variable.write(tf.sub(value, tf.mul(tf.sub(value, target), 1 - momentum)));
}

/** Marks a `call` of ours, so that it is not put in front of itself. */
const original = Symbol('the call of tfjs-layers');
type Layered = Call & { readonly [original]?: Call };

function override<Layer>(example: tfl.layers.Layer, ours: Override<Layer>): void {
  const prototype = Object.getPrototypeOf(example) as { call: Layered };
  const own = prototype.call[original] ?? prototype.call;
  const call: Call = function (this: Layer & { call: Call }, inputs, options) {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      const isOurs = tf.getBackend() === 'tensorflow' && x !== undefined;
      const result = isOurs ? ours(this, x, options) : undefined;
      return result ?? own.call(this, inputs, options);
    });
  };
  prototype.call = Object.assign(call, { [original]: own });
}

/**
 * tfjs's layer BatchNormalization in training, computed by FusedBatchNormV3 while tensorflow is the
 * backend. Weights, shapes, configuration, inference and the writing of moving statistics stay the
 * layer's. Also trains what tfjs's own `call` fails on: layers without scale or offset, and channels
 * that are not the last axis.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { fusedBatchNorm } from './fused-batch-norm.ts';

/** What the layer has besides its public interface. */
interface Layer {
  /** Of the channels. */
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: number;
  /** Absent where the layer does not scale or centre. */
  readonly gamma: tfl.LayerVariable | null;
  readonly beta: tfl.LayerVariable | null;
  readonly movingMean: tfl.LayerVariable;
  readonly movingVariance: tfl.LayerVariable;
}

interface CallOptions {
  readonly training?: boolean;
}

type Call = (this: Layer, inputs: tf.Tensor | tf.Tensor[], options: CallOptions) => tf.Tensor;

/** Marks a `call` of ours, so that it is not put in front of itself. */
const original = Symbol('the call of tfjs-layers');
type Layered = Call & { readonly [original]?: Call };

/** For all layers of the class, those that exist already as well. Twice is harmless. */
export function overrideBatchNormalization(): void {
  const example = tfl.layers.batchNormalization();
  const prototype = Object.getPrototypeOf(example) as { call: Layered };
  const own = prototype.call[original] ?? prototype.call;
  const call: Call = function (inputs, options) {
    if (tf.getBackend() !== 'tensorflow' || options.training !== true) {
      return own.call(this, inputs, options);
    }
    return tf.tidy(() => train(this, Array.isArray(inputs) ? inputs[0]! : inputs));
  };
  prototype.call = Object.assign(call, { [original]: own });
}

function train(layer: Layer, x: tf.Tensor): tf.Tensor {
  const { gamma, beta, epsilon, movingMean, movingVariance } = layer;
  const { shape } = movingMean.read();
  const scale = gamma?.read() ?? tf.ones(shape);
  const offset = beta?.read() ?? tf.zeros(shape);
  const swap = swapOf(layer.axis, x.rank);
  const rows = swap === undefined ? x : tf.transpose(x, swap);
  const { output, mean, variance } = fusedBatchNorm({ x: rows, scale, offset }, { epsilon });
  moveTowards(movingMean, mean, layer.momentum);
  moveTowards(movingVariance, variance, layer.momentum);
  return swap === undefined ? output : tf.transpose(output, swap);
}

/** Swaps channels with the last axis, and back; undefined where they are the last one. */
function swapOf(axis: number, rank: number): number[] | undefined {
  const [channels, last] = [(axis + rank) % rank, rank - 1];
  if (channels === last) return undefined;
  return Array.from({ length: rank }, (_, index) =>
    index === channels ? last : index === last ? channels : index,
  );
}

/** value += (target - value) (1 - momentum), the formula of tfjs and Keras. */
function moveTowards(variable: tfl.LayerVariable, target: tf.Tensor, momentum: number): void {
  const value = variable.read();
  variable.write(tf.sub(value, tf.mul(tf.sub(value, target), 1 - momentum)));
}

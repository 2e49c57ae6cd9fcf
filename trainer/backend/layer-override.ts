/**
 * Layers of tfjs-layers that compute with fewer and larger operations on one backend: their `call`
 * asks ours first while that backend is the current one. Weights, shapes, configuration and moving
 * statistics stay theirs. Overrides of several backends stand in front of each other.
 */
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { BackendName } from './backend.ts';

export interface CallOptions {
  readonly training?: boolean;
}

type Call = (inputs: tf.Tensor | tf.Tensor[], options: CallOptions) => tf.Tensor | tf.Tensor[];

/** @returns undefined where tfjs's own must compute */
export type LayerCall<Layer> = (
  layer: Layer,
  x: tf.Tensor,
  options: CallOptions,
) => tf.Tensor | undefined;

/** Marks a call of ours with its backends, so that none is put in front of itself. */
const overridden = Symbol('backends that override this call');
type OverriddenCall = Call & { readonly [overridden]?: readonly BackendName[] };

/** @param example a layer of the class; all layers of it are changed, once per backend */
export function overrideCall<Layer>(
  backend: BackendName,
  example: tfl.layers.Layer,
  ours: LayerCall<Layer>,
): void {
  const prototype = Object.getPrototypeOf(example) as { call: OverriddenCall };
  const next = prototype.call;
  const backends = next[overridden] ?? [];
  if (backends.includes(backend)) return;
  const call: Call = function (this: Layer & { call: Call }, inputs, options) {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      const isOurs = tf.getBackend() === backend && x !== undefined;
      const result = isOurs ? ours(this, x, options) : undefined;
      return result ?? next.call(this, inputs, options);
    });
  };
  prototype.call = Object.assign(call, { [overridden]: [...backends, backend] });
}

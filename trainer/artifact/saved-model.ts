/**
 * A trained model outside of TensorFlow.js: what every file format of this folder is written from.
 * Its digest is over meaning (topology, weights), so it is the same whatever the formats are.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '@tfjs-operator/api/run-config/canonical-json.ts';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import type { NamedArray } from '../named-array.ts';

export interface SavedModel {
  /** Normalised: Keras 2 JSON with every default written out. */
  readonly topology: Topology;
  /** Layers that have weights, in the order of the topology. */
  readonly layers: readonly SavedLayer[];
}

export interface SavedLayer {
  readonly name: string;
  /** `layer/kernel`, trainable ones first. */
  readonly weights: readonly NamedArray[];
}

/** `sha256:…` over the canonical JSON of the topology and names, shapes and bytes of the weights. */
export function modelDigest({ topology, layers }: SavedModel): string {
  const hash = createHash('sha256').update(canonicalJson(topology));
  for (const { name, shape, data } of layers.flatMap((layer) => layer.weights)) {
    hash.update(`\0${name}\0${shape.join(',')}\0`).update(bytesOf(data));
  }
  return `sha256:${hash.digest('hex')}`;
}

/** The array's own bytes, little-endian as on every platform that Node runs on. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * The identity of a data set after cleaning and splitting: a checkpoint carries it, and a run whose
 * data differ refuses to resume. Independent of the machine, the file format and the file names.
 */
import { createHash } from 'node:crypto';

export interface Digestible {
  readonly features: Uint8Array | Float32Array;
  readonly labels: Int32Array | Float32Array;
  readonly labelWidth: number;
  readonly sampleShape: readonly number[];
  readonly classNames: readonly string[];
  readonly splits: Readonly<Record<'train' | 'validation' | 'test', Uint32Array>>;
}

/** One update call takes at most this many bytes (OpenSSL's int lengths). */
const UPDATE_BYTES = 2 ** 30;

/** `sha256:…` over the shapes and class names as JSON, then features, labels and splits as bytes. */
export function datasetDigest(dataset: Digestible): string {
  const { features, labels, labelWidth, sampleShape, classNames, splits } = dataset;
  const arrays = [features, labels, splits.train, splits.validation, splits.test];
  const hash = createHash('sha256');
  const layout = arrays.map((array) => [array.constructor.name, array.length]);
  hash.update(JSON.stringify({ layout, labelWidth, sampleShape, classNames }));
  for (const { buffer, byteOffset, byteLength } of arrays) {
    for (let at = 0; at < byteLength; at += UPDATE_BYTES) {
      hash.update(new Uint8Array(buffer, byteOffset + at, Math.min(UPDATE_BYTES, byteLength - at)));
    }
  }
  return `sha256:${hash.digest('hex')}`;
}

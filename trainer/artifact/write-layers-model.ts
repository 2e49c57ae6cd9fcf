/**
 * `model.json` with weight shards: what `tf.loadLayersModel` loads in a browser or in Node, and
 * the `tensorflowjs` package in Python; with scripts for layers that the bundles of TensorFlow.js
 * lack. Writes into an existing folder and syncs nothing.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBrowserLayers } from './browser-layers.ts';
import { quantize, type Quantization } from './quantization.ts';
import type { SavedModel } from './saved-model.ts';

/** The converter's shard size: small enough for browsers' HTTP caches. */
const shardBytes = 4 * 1024 * 1024;

export interface LayersModelOptions {
  readonly quantization: Quantization;
  /** Anything JSON; a loader finds it as model.getUserDefinedMetadata(). */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly generatedBy: string;
}

export async function writeLayersModel(
  folder: string,
  { topology, layers }: SavedModel,
  options: LayersModelOptions,
): Promise<void> {
  const stored = layers
    .flatMap((layer) => layer.weights)
    .map(({ name, shape, data }) => {
      const { bytes, info } = quantize(data, options.quantization);
      const spec = { name, shape, dtype: 'float32', ...(info && { quantization: info }) };
      return { bytes, spec };
    });
  const all = Buffer.concat(stored.map(({ bytes }) => bytes));
  const count = Math.max(1, Math.ceil(all.byteLength / shardBytes));
  const paths: string[] = [];
  for (let shard = 0; shard < count; shard++) {
    const path = `group1-shard${shard + 1}of${count}.bin`;
    await writeFile(join(folder, path), all.subarray(shard * shardBytes, (shard + 1) * shardBytes));
    paths.push(path);
  }
  const document = {
    format: 'layers-model',
    generatedBy: options.generatedBy,
    convertedBy: null,
    modelTopology: { ...topology, keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' },
    weightsManifest: [{ paths, weights: stored.map(({ spec }) => spec) }],
    userDefinedMetadata: options.metadata,
  };
  await writeFile(join(folder, 'model.json'), JSON.stringify(document));
  await writeBrowserLayers(folder, topology);
}

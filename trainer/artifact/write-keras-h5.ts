/**
 * `model.h5` in the legacy HDF5 format of Keras, which Keras 2 and Keras 3 load with
 * `keras.models.load_model`; a model with MultiHeadAttention is for Keras 3 only. Optimizer and
 * compile arguments are not in it.
 */
import h5wasm, { type Group } from 'h5wasm/node';
import { stat } from 'node:fs/promises';
import { isJsonObject, objectAt } from '@tfjs-operator/api/topology/json-object.ts';
import {
  attentionCallOfKeras3,
  attentionClass,
} from '@tfjs-operator/api/topology/normalize-attention.ts';
import type { InboundReference } from '@tfjs-operator/api/topology/inbound-reference.ts';
import { readableHdf5Error } from './hdf5-error.ts';
import type { SavedLayer, SavedModel } from './saved-model.ts';

/** The last Keras that wrote this form of configuration; Keras 3 reads it by its legacy loader. */
const kerasVersion = '2.15.0';

export async function writeKerasH5(
  path: string,
  { topology, layers }: SavedModel,
  metadata: Readonly<Record<string, unknown>>,
): Promise<void> {
  const library = await h5wasm.ready;
  // Errors are thrown instead of written to standard error.
  library.activate_throwing_error_handler();
  try {
    writeFile(path, { topology, layers }, metadata);
  } catch (error) {
    throw readableHdf5Error(error);
  }
  await checkSize(path, layers);
}

function writeFile(
  path: string,
  { topology, layers }: SavedModel,
  metadata: Readonly<Record<string, unknown>>,
): void {
  const file = new h5wasm.File(path, 'w');
  try {
    file.create_attribute('keras_version', kerasVersion);
    file.create_attribute('backend', 'tensorflow');
    file.create_attribute('model_config', JSON.stringify(topology, asKerasReads));
    file.create_attribute('user_defined_metadata', JSON.stringify(metadata));
    const root = file.create_group('model_weights');
    root.create_attribute('keras_version', kerasVersion);
    root.create_attribute('backend', 'tensorflow');
    const names = layers.map(({ name }) => name);
    if (names.length > 0) root.create_attribute('layer_names', names);
    for (const layer of layers) writeLayer(root.create_group(layer.name), layer);
    file.flush();
  } finally {
    file.close();
  }
}

/** What Keras 3 wants to see on a layer that its legacy reader would read otherwise. */
const module = { module: 'keras.layers', registered_name: null };

/**
 * Places in which Keras 3 does not read what Keras 2 wrote: layers inside of Bidirectional and
 * TimeDistributed, an axis of several, and calls of MultiHeadAttention.
 */
function asKerasReads(key: string, value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  if (key === 'layer' || Array.isArray(objectAt(value, 'config')?.['axis'])) {
    return { ...module, ...value };
  }
  if (value['class_name'] !== attentionClass) return value;
  const calls = value['inbound_nodes'] as readonly InboundReference[][];
  return { ...value, inbound_nodes: calls.map(attentionCallOfKeras3) };
}

function writeLayer(group: Group, layer: SavedLayer): void {
  const names = layer.weights.map(({ name }) => `${name}:0`);
  group.create_attribute('weight_names', names);
  for (const { name, shape, data } of layer.weights) {
    // Groups along the name, as h5py makes them: dense/dense/kernel:0.
    const parts = name.split('/');
    const last = parts.pop() ?? name;
    const parent = parts.reduce(subgroup, group);
    parent.create_dataset({ name: `${last}:0`, data, shape: [...shape], dtype: '<f4' });
  }
}

function subgroup(parent: Group, name: string): Group {
  const found = parent.get(name);
  return found instanceof h5wasm.Group ? found : parent.create_group(name);
}

/** Guards against a write that HDF5 did not report: a full disk shows in the size. */
async function checkSize(path: string, layers: SavedModel['layers']): Promise<void> {
  const arrays = layers.flatMap((layer) => layer.weights);
  const least = arrays.reduce((sum, { data }) => sum + data.byteLength, 0);
  const { size } = await stat(path);
  if (size >= least) return;
  throw Object.assign(new Error(`${path} is incomplete: ${size} of ${least} bytes`), {
    code: 'ENOSPC',
  });
}

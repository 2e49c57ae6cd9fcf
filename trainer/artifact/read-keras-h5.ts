/**
 * Reads a Keras HDF5 file: a whole model (`model.save("x.h5")`) or weights alone
 * (`save_weights`, legacy form). Names keep what Keras wrote; model/named-weights.ts matches them.
 */
import { open } from 'node:fs/promises';
import h5wasm, { type Group } from 'h5wasm/node';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import type { NamedArray } from '../named-array.ts';
import type { LoadedModel } from './loaded-model.ts';

/** First bytes of every HDF5 file. */
const signature = Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);

export async function readKerasH5(file: string): Promise<LoadedModel> {
  await checkSignature(file);
  const library = await h5wasm.ready;
  // Errors are thrown instead of written to standard error.
  library.activate_throwing_error_handler();
  const root = new h5wasm.File(file, 'r');
  try {
    const config = root.attrs['model_config']?.value;
    const group = root.get('model_weights') ?? root;
    if (!(group instanceof h5wasm.Group) || !group.attrs['layer_names']) {
      throw new Failure(
        'BadConfig',
        `${file} is HDF5 but no Keras model; save it with model.save("model.h5").`,
      );
    }
    const weights = strings(group, 'layer_names').flatMap((layer) =>
      layerWeights(group, layer, file),
    );
    if (typeof config !== 'string') return { weights };
    return { topology: JSON.parse(config) as Topology, weights };
  } finally {
    root.close();
  }
}

/** HDF5 itself would write its complaint to standard error. */
async function checkSignature(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const start = Buffer.alloc(signature.length);
    await handle.read(start, 0, signature.length, 0);
    if (start.equals(signature)) return;
  } finally {
    await handle.close();
  }
  throw new Failure(
    'BadConfig',
    `${file} is not an HDF5 file; save the model again, for example with model.save("model.h5").`,
  );
}

function layerWeights(root: Group, layer: string, file: string): NamedArray[] {
  const group = root.get(layer);
  if (!(group instanceof h5wasm.Group)) return [];
  return strings(group, 'weight_names').map((name) => {
    const dataset = group.get(name);
    if (!(dataset instanceof h5wasm.Dataset)) {
      throw new Failure(
        'BadConfig',
        `${file} lacks the weight "${name}" of the layer "${layer}"; save the model again.`,
      );
    }
    const values = dataset.value as ArrayLike<number>;
    return {
      name: name.replace(/:\d+$/, ''),
      shape: dataset.shape ?? [],
      data: Float32Array.from(values),
    };
  });
}

/** Names in an attribute; Keras cuts lists over 64 KiB into `layer_names0`, `layer_names1` … */
function strings(group: Group, attribute: string): string[] {
  const parts: string[] = [];
  const add = (key: string): boolean => {
    const value = group.attrs[key]?.value;
    if (!Array.isArray(value)) return false;
    parts.push(...value.map(String));
    return true;
  };
  if (!add(attribute)) for (let part = 0; add(`${attribute}${part}`); part++);
  return parts;
}

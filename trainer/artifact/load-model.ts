/**
 * Reads models back: `model.json` of TensorFlow.js (also quantised), Keras `.h5`, topology JSON and
 * `.npz` weights, whoever made them. Gives plain data; building and matching is done by model/.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { readableHdf5Error } from './hdf5-error.ts';
import type { LoadedModel } from './loaded-model.ts';
import { decodeNpz } from './npz.ts';
import { readKerasH5 } from './read-keras-h5.ts';
import { readLayersModel } from './read-layers-model.ts';

/** Looked for in a folder, in this order. */
const filesOfFolder = ['model.json', 'model.h5', 'weights.npz'];

/**
 * @param path a file, or a folder that writeModel left.
 * @throws Failure('BadConfig') where there is no model or another format,
 *   Failure('StorageError') where the file cannot be read.
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  const file = await fileOf(path);
  try {
    if (/\.(h5|hdf5)$/i.test(file)) return await readKerasH5(file);
    if (/\.npz$/i.test(file)) return { weights: decodeNpz(await readFile(file), file) };
    if (/\.json$/i.test(file)) return await readLayersModel(file);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      'BadConfig',
      `${file} is damaged: ${firstLine(readableHdf5Error(error))}; save it again.`,
      {
        cause: error,
      },
    );
  }
  throw new Failure(
    'BadConfig',
    `${file} is no model that this trainer reads; give a model.json, a topology .json, a Keras .h5 or an .npz of weights.`,
  );
}

async function fileOf(path: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new Failure('BadConfig', `There is no model at ${path}; correct the path.`);
    }
    throw new Failure('StorageError', `Cannot read the model at ${path}: ${firstLine(error)}.`);
  });
  if (!found.isDirectory()) return path;
  for (const name of filesOfFolder) {
    const file = join(path, name);
    if (await stat(file).catch(() => undefined)) return file;
  }
  throw new Failure(
    'BadConfig',
    `The folder ${basename(path)} holds none of ${filesOfFolder.join(', ')}; give the folder of a saved model.`,
  );
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

/**
 * `weights.npz`: each weight as a numpy array under its name, for numpy, PyTorch and JAX
 * (`numpy.load`). Also reads such files back, whoever wrote them.
 */
import { zipSync, type Zippable } from 'fflate';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { NamedArray } from '../named-array.ts';
import { readNpy } from '../numpy/npy.ts';
import { toNumbers } from '../numpy/numeric-array.ts';
import { readZipDirectory, readZipEntry } from '../numpy/zip.ts';
import { bytesOf } from './saved-model.ts';

/** Magic, version 1.0. */
const npyPrefix = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0);
/** numpy aligns the data to this many bytes. */
const alignment = 64;
/** Written into every entry, so that equal weights make equal files. */
const zipTime = new Date(1980, 0, 1);

export function encodeNpz(weights: readonly NamedArray[]): Uint8Array {
  const entries: Zippable = {};
  for (const weight of weights) entries[`${weight.name}.npy`] = encodeNpy(weight);
  return zipSync(entries, { level: 0, mtime: zipTime });
}

/**
 * Arrays of any numeric type and order, as float32.
 * @param source file or URI, for messages.
 * @throws Failure BadConfig where the file is damaged or an array holds no numbers.
 */
export function decodeNpz(bytes: Uint8Array, source: string): NamedArray[] {
  try {
    return readZipDirectory(bytes, source).map((entry) => {
      const name = entry.name.replace(/\.npy$/, '');
      const array = readNpy(readZipEntry(bytes, entry, source), `${source}, array "${name}"`);
      return { name, shape: array.shape, data: Float32Array.from(toNumbers(array)) };
    });
  } catch (error) {
    // The readers speak of data sets; here the file belongs to the configuration of the model.
    if (!(error instanceof Failure)) throw error;
    throw new Failure('BadConfig', error.message, { cause: error });
  }
}

function encodeNpy({ shape, data }: NamedArray): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const words = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((npyPrefix.length + 2 + words.length + 1) / alignment) * alignment;
  const header = words.padEnd(length - npyPrefix.length - 3) + '\n';
  const result = new Uint8Array(length + data.byteLength);
  result.set(npyPrefix);
  new DataView(result.buffer).setUint16(npyPrefix.length, header.length, true);
  result.set(new TextEncoder().encode(header), npyPrefix.length + 2);
  result.set(bytesOf(data), length);
  return result;
}

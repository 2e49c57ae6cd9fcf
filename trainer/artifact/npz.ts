/**
 * `weights.npz`: each weight as a numpy array under its name, for numpy, PyTorch and JAX
 * (`numpy.load`). Also reads such files back. Only little-endian float arrays in C order.
 */
import { unzipSync, zipSync, type Zippable } from 'fflate';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { NamedArray } from '../named-array.ts';
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

/** @param source file or URI, for messages. */
export function decodeNpz(bytes: Uint8Array, source: string): NamedArray[] {
  return Object.entries(unzipSync(bytes)).map(([file, content]) =>
    decodeNpy(file.replace(/\.npy$/, ''), content, source),
  );
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

function decodeNpy(name: string, content: Uint8Array, source: string): NamedArray {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const isVersion1 = content[6] === 1;
  const start = isVersion1 ? 10 : 12;
  const length = isVersion1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = new TextDecoder().decode(content.subarray(start, start + length));
  const type = /'descr': '([^']+)'/.exec(header)?.[1];
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const isSupported = type === '<f4' || type === '<f8';
  if (!isSupported || header.includes("'fortran_order': True")) {
    throw new Failure(
      'BadConfig',
      `The array "${name}" in ${source} is ${type ?? 'of an unknown form'}; save it as float32 in C order.`,
    );
  }
  const data = new Uint8Array(content.subarray(start + length)).buffer;
  return {
    name,
    shape,
    data: type === '<f8' ? Float32Array.from(new Float64Array(data)) : new Float32Array(data),
  };
}

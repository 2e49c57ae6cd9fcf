/**
 * Arrays that the training thread and the data thread both see without copying.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';

export function sharedUint8(length: number): Uint8Array {
  return new Uint8Array(shared(length));
}

export function sharedUint32(length: number): Uint32Array {
  return new Uint32Array(shared(length * Uint32Array.BYTES_PER_ELEMENT));
}

export function sharedInt32(length: number): Int32Array {
  return new Int32Array(shared(length * Int32Array.BYTES_PER_ELEMENT));
}

export function sharedFloat32(length: number): Float32Array {
  return new Float32Array(shared(length * Float32Array.BYTES_PER_ELEMENT));
}

function shared(bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new Failure(
      'DataError',
      `The data set needs ${Math.ceil(bytes / 2 ** 20)} MiB of memory in one piece, which this process cannot get; give the worker more memory or use fewer samples.`,
      { cause },
    );
  }
}

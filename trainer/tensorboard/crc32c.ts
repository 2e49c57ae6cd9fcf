/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4) and the mask that TFRecord puts on it. Node has only
 * the other CRC-32 (zlib).
 */

/** The reversed polynomial 0x1EDC6F41. */
const polynomial = 0x82f63b78;
/** tensorflow/core/lib/hash/crc32c.h: the CRC of data that holds CRCs would be weak without a mask. */
const maskDelta = 0xa282ead8;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  }
  return value;
});

/** @returns an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

/** Rotated to the right by 15 bits, plus a constant: what stands in a TFRecord. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}

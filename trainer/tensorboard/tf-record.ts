/**
 * The TFRecord framing: length (uint64 LE), masked CRC of the length, data, masked CRC of the data.
 * A reader stops at a record that is cut short, so a file may be appended to at any time.
 */
import { maskedCrc32c } from './crc32c.ts';

const lengthBytes = 8;
const crcBytes = 4;

export function frameRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(lengthBytes + crcBytes + data.length + crcBytes);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, lengthBytes)), lengthBytes);
  record.set(data, lengthBytes + crcBytes);
  record.writeUInt32LE(maskedCrc32c(data), lengthBytes + crcBytes + data.length);
  return record;
}

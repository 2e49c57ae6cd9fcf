/**
 * Encodes chunks into one reused buffer: header and values side by side, as gRPC wants them. The
 * result is valid until the next call; grpc-js copies a serialized message at once into its frame.
 */
import { crc32 } from 'node:zlib';
import { type ChunkFields, chunkHeaderBytes, writeChunkHeader } from './chunk-message.ts';
import { writePayload } from './payload.ts';
import { type WireTypeName, wireWidths } from './wire-words.ts';

/** Shifts the header so that the values behind it start on a multiple of eight. */
const scratchOffset = 8 - (chunkHeaderBytes % 8);

export type ChunkEncoder = (
  fields: Omit<ChunkFields, 'checksum'>,
  values: Float32Array,
  wireType: WireTypeName,
) => Buffer;

/** @param chunkBytes greatest payload */
export function createChunkEncoder(chunkBytes: number, hasChecksums: boolean): ChunkEncoder {
  const memory = Buffer.from(new ArrayBuffer(scratchOffset + chunkHeaderBytes + chunkBytes));
  const dataStart = scratchOffset + chunkHeaderBytes;
  return (fields, values, wireType) => {
    const dataEnd = dataStart + values.length * wireWidths[wireType];
    const data = memory.subarray(dataStart, dataEnd);
    writePayload(values, wireType, data);
    const checksum = hasChecksums ? checksumOf(data) : 0;
    const message = memory.subarray(scratchOffset, dataEnd);
    writeChunkHeader(message, { ...fields, checksum }, data.length);
    return message;
  };
}

/** CRC-32 as in zlib; 0 stands for "not computed", so a computed 0 is written as all ones. */
export function checksumOf(data: Buffer): number {
  return crc32(data) || 0xffffffff;
}

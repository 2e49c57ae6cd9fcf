/**
 * The Chunk message of api/proto/collective.proto, written with constant layout: 67 bytes of header,
 * then the values. 67 = 3 (mod 8), so after gRPC's five-byte prefix the values are aligned and need
 * no copy before they are read as floats. Reading takes a fast path for that layout, else protobuf's rules.
 */
import { readFields } from '../protobuf.ts';

export const chunkHeaderBytes = 67;

/** Largest payload whose length fits into the four padded varint bytes. */
export const maximumChunkBytes = 2 ** 28 - 1;

export interface ChunkFields {
  fenceLow: number;
  fenceHigh: number;
  membershipEpoch: number;
  step: number;
  bucket: number;
  senderRank: number;
  part: number;
  chunk: number;
  offset: number;
  bucketLength: number;
  checksum: number;
  kind: number;
  operation: number;
  algorithm: number;
  wireType: number;
}

export interface ChunkMessage extends ChunkFields {
  /** View into the received message. */
  data: Buffer;
}

/** Fields 2 to 10 are fixed32 from byte 9 on, each a tag and four bytes; 11 to 14 one-byte enums. */
const fixedFields = [
  'membershipEpoch',
  'step',
  'bucket',
  'senderRank',
  'part',
  'chunk',
  'offset',
  'bucketLength',
  'checksum',
] as const;
const enumFields = ['kind', 'operation', 'algorithm', 'wireType'] as const;
const fixedStart = 9;
const enumStart = fixedStart + 5 * fixedFields.length;
const dataStart = enumStart + 2 * enumFields.length;

/** The header's tags, in place: writing a header fills in the values only. */
const template = createTemplate();

/** Writes the header for `dataBytes` of payload at the start of `target`. */
export function writeChunkHeader(target: Buffer, fields: ChunkFields, dataBytes: number): void {
  template.copy(target);
  target.writeUInt32LE(fields.fenceLow, 1);
  target.writeUInt32LE(fields.fenceHigh, 5);
  let at = fixedStart + 1;
  for (const name of fixedFields) {
    target.writeUInt32LE(fields[name], at);
    at += 5;
  }
  at = enumStart + 1;
  for (const name of enumFields) {
    target[at] = fields[name];
    at += 2;
  }
  for (let index = 0; index < 4; index += 1) {
    const more = index < 3 ? 0x80 : 0;
    target[dataStart + 1 + index] = ((dataBytes >>> (7 * index)) & 0x7f) | more;
  }
}

/** @throws RangeError where the message is no protobuf. */
export function readChunk(message: Buffer): ChunkMessage {
  return hasFixedLayout(message) ? readFixed(message) : readAny(message);
}

function hasFixedLayout(message: Buffer): boolean {
  if (message.length < chunkHeaderBytes || message[0] !== template[0]) return false;
  for (let at = fixedStart; at < enumStart; at += 5) {
    if (message[at] !== template[at]) return false;
  }
  for (let at = enumStart; at <= dataStart; at += 2) {
    if (message[at] !== template[at]) return false;
  }
  return readLength(message) === message.length - chunkHeaderBytes;
}

/** The padded length, or -1 where it is not written in four bytes. */
function readLength(message: Buffer): number {
  let value = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = message[dataStart + 1 + index]!;
    if (byte >= 0x80 !== index < 3) return -1;
    value |= (byte & 0x7f) << (7 * index);
  }
  return value;
}

function readFixed(message: Buffer): ChunkMessage {
  const result = emptyChunk(message.subarray(chunkHeaderBytes));
  result.fenceLow = message.readUInt32LE(1);
  result.fenceHigh = message.readUInt32LE(5);
  let at = fixedStart + 1;
  for (const name of fixedFields) {
    result[name] = message.readUInt32LE(at);
    at += 5;
  }
  at = enumStart + 1;
  for (const name of enumFields) {
    result[name] = message[at]!;
    at += 2;
  }
  return result;
}

function readAny(message: Buffer): ChunkMessage {
  const result = emptyChunk(Buffer.alloc(0));
  for (const field of readFields(message)) {
    const { number } = field;
    const fixed = fixedFields[number - 2];
    const enumerated = enumFields[number - 2 - fixedFields.length];
    if (number === 1) {
      result.fenceLow = field.value;
      result.fenceHigh = field.high;
    } else if (fixed !== undefined) result[fixed] = field.value;
    else if (enumerated !== undefined) result[enumerated] = field.value;
    else if (number === 15) result.data = field.bytes;
  }
  return result;
}

function emptyChunk(data: Buffer): ChunkMessage {
  return {
    fenceLow: 0,
    fenceHigh: 0,
    membershipEpoch: 0,
    step: 0,
    bucket: 0,
    senderRank: 0,
    part: 0,
    chunk: 0,
    offset: 0,
    bucketLength: 0,
    checksum: 0,
    kind: 0,
    operation: 0,
    algorithm: 0,
    wireType: 0,
    data,
  };
}

function createTemplate(): Buffer {
  const buffer = Buffer.alloc(chunkHeaderBytes);
  buffer[0] = (1 << 3) | 1;
  fixedFields.forEach((_, index) => (buffer[fixedStart + 5 * index] = ((index + 2) << 3) | 5));
  enumFields.forEach((_, index) => (buffer[enumStart + 2 * index] = (index + 11) << 3));
  buffer[dataStart] = (15 << 3) | 2;
  return buffer;
}

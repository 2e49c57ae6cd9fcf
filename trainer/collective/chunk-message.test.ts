import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  chunkHeaderBytes,
  type ChunkFields,
  readChunk,
  writeChunkHeader,
} from './chunk-message.ts';
import { createChunkEncoder } from './chunk-encoder.ts';
import { ProtoWriter } from '../protobuf.ts';
import { decodePullRequest, encodePullRequest } from './pull-request.ts';
import { algorithms, kinds, operations, wireTypes } from './wire-words.ts';

const fields: ChunkFields = {
  fenceLow: 0xdeadbeef,
  fenceHigh: 0x80000001,
  membershipEpoch: 3,
  step: 70_000,
  bucket: 2,
  senderRank: 1,
  part: 5,
  chunk: 6,
  offset: 4_000_000_000,
  bucketLength: 9,
  checksum: 0xffffffff,
  kind: 2,
  operation: 1,
  algorithm: 2,
  wireType: 1,
};

function encode(data: Buffer): Buffer {
  const message = Buffer.alloc(chunkHeaderBytes + data.length);
  writeChunkHeader(message, fields, data.length);
  data.copy(message, chunkHeaderBytes);
  return message;
}

test('a chunk is read back as it was written, for lengths of one to four varint bytes', () => {
  for (const length of [0, 4, 200, 20_000, 3_000_000]) {
    const { data, ...rest } = readChunk(encode(Buffer.alloc(length, 7)));
    assert.deepEqual(rest, fields);
    assert.equal(data.length, length);
    assert.ok(data.every((byte) => byte === 7));
  }
});

test('values start on a multiple of eight behind the five-byte prefix of gRPC', () => {
  assert.equal((5 + chunkHeaderBytes) % 8, 0);
  const framed = Buffer.concat([Buffer.alloc(5), encode(Buffer.alloc(16))]);
  assert.equal(readChunk(framed.subarray(5)).data.byteOffset % 8, 0);
});

test('a chunk in any other protobuf encoding is read alike', () => {
  const writer = new ProtoWriter()
    .bytes(15, Buffer.from('abcd'))
    .uint32(11, 2)
    .uint32(99, 1)
    .fixed32(3, 70_000)
    .fixed64(1, 0xdeadbeef, 0x80000001);
  const chunk = readChunk(writer.finish());
  assert.equal(chunk.data.toString(), 'abcd');
  assert.equal(chunk.kind, 2);
  assert.equal(chunk.step, 70_000);
  assert.equal(chunk.fenceHigh, 0x80000001);
  assert.equal(chunk.bucketLength, 0);
});

test('a message that is cut short is an error, not a chunk', () => {
  const message = encode(Buffer.alloc(64));
  assert.throws(() => readChunk(message.subarray(0, message.length - 1)), RangeError);
  assert.throws(() => readChunk(message.subarray(0, 11)), RangeError);
});

test('the encoder rounds to the wire type and adds a checksum when asked', () => {
  const values = new Float32Array([1, -2.5, 3.14159, 0]);
  const message = createChunkEncoder(64, true)(fields, values, 'bfloat16');
  const chunk = readChunk(message);
  assert.notEqual(chunk.checksum, 0);
  assert.equal(chunk.data.length, 8);
  assert.equal(chunk.data.readUInt16LE(0), 0x3f80);
  assert.equal(readChunk(createChunkEncoder(64, false)(fields, values, 'float32')).checksum, 0);
});

test('a pull request is read back as it was written', () => {
  const request = {
    fenceLow: 1,
    fenceHigh: 0xffffffff,
    membershipEpoch: 2,
    step: 3,
    bucket: 4,
    senderRank: 5,
    bucketLength: 6,
    chunkLength: 7,
    operation: 1,
    algorithm: 2,
    wireType: 2,
    ranges: [
      { kind: 1, part: 0, firstChunk: 300, chunkCount: 8 },
      { kind: 2, part: 200, firstChunk: 0, chunkCount: 1 },
    ],
  };
  assert.deepEqual(decodePullRequest(encodePullRequest(request)), request);
});

test('the numbers of the enums are those of the .proto file', async () => {
  const path = new URL('../../api/proto/collective.proto', import.meta.url);
  const proto = await readFile(path, 'utf8');
  const all = { ...operations, ...algorithms, ...kinds, ...wireTypes };
  for (const [name, code] of Object.entries(all)) {
    const word = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    assert.match(proto, new RegExp(`\\b${word} = ${code};`));
  }
});

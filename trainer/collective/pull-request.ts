/**
 * The PullRequest message of api/proto/collective.proto: what a worker asks of a peer. A few of them
 * per operation, so plain protobuf without tricks.
 */
import { ProtoWriter, readFields } from '../protobuf.ts';

export interface PullRange {
  readonly kind: number;
  readonly part: number;
  readonly firstChunk: number;
  readonly chunkCount: number;
}

export interface PullRequest {
  readonly fenceLow: number;
  readonly fenceHigh: number;
  readonly membershipEpoch: number;
  readonly step: number;
  readonly bucket: number;
  readonly senderRank: number;
  readonly bucketLength: number;
  readonly chunkLength: number;
  readonly operation: number;
  readonly algorithm: number;
  readonly wireType: number;
  readonly ranges: readonly PullRange[];
}

export function encodePullRequest(request: PullRequest): Buffer {
  const writer = new ProtoWriter()
    .fixed64(1, request.fenceLow, request.fenceHigh)
    .fixed32(2, request.membershipEpoch)
    .fixed32(3, request.step)
    .fixed32(4, request.bucket)
    .fixed32(5, request.senderRank)
    .fixed32(6, request.bucketLength)
    .fixed32(7, request.chunkLength)
    .uint32(8, request.operation)
    .uint32(9, request.algorithm)
    .uint32(10, request.wireType);
  for (const range of request.ranges) writer.bytes(11, encodeRange(range));
  return writer.finish();
}

/** @throws RangeError where the message is no protobuf. */
export function decodePullRequest(message: Buffer): PullRequest {
  const values = new Array<number>(11).fill(0);
  let fenceHigh = 0;
  const ranges: PullRange[] = [];
  for (const field of readFields(message)) {
    if (field.number === 11) ranges.push(decodeRange(field.bytes));
    else if (field.number < values.length) values[field.number] = field.value;
    if (field.number === 1) fenceHigh = field.high;
  }
  return {
    fenceLow: values[1]!,
    fenceHigh,
    membershipEpoch: values[2]!,
    step: values[3]!,
    bucket: values[4]!,
    senderRank: values[5]!,
    bucketLength: values[6]!,
    chunkLength: values[7]!,
    operation: values[8]!,
    algorithm: values[9]!,
    wireType: values[10]!,
    ranges,
  };
}

function encodeRange(range: PullRange): Buffer {
  return new ProtoWriter()
    .uint32(1, range.kind)
    .uint32(2, range.part)
    .uint32(3, range.firstChunk)
    .uint32(4, range.chunkCount)
    .finish();
}

function decodeRange(message: Buffer): PullRange {
  const values = [0, 0, 0, 0, 0];
  for (const field of readFields(message)) {
    if (field.number < values.length) values[field.number] = field.value;
  }
  return { kind: values[1]!, part: values[2]!, firstChunk: values[3]!, chunkCount: values[4]! };
}

/**
 * Numbers of the enums in api/proto/collective.proto, and the job fence. The .proto file is the
 * source; a test reads it and compares.
 */
import { createHash } from 'node:crypto';

export const operations = { allReduce: 1, broadcast: 2, barrier: 3 } as const;
export const algorithms = { direct: 1, ring: 2 } as const;
export const kinds = { contribution: 1, result: 2, heartbeat: 3, goodbye: 4 } as const;
export const wireTypes = { float32: 1, bfloat16: 2 } as const;

export type OperationName = keyof typeof operations;
export type AlgorithmName = keyof typeof algorithms;
export type WireTypeName = keyof typeof wireTypes;
export type OperationCode = (typeof operations)[OperationName];
export type AlgorithmCode = (typeof algorithms)[AlgorithmName];
export type KindCode = (typeof kinds)[keyof typeof kinds];
export type WireTypeCode = (typeof wireTypes)[WireTypeName];

/** Bytes of one element on the wire. */
export const wireWidths = { float32: 4, bfloat16: 2 } as const;

/** What every message carries so that no other job's and no earlier gang's is taken. */
export interface Fence {
  readonly low: number;
  readonly high: number;
  readonly membershipEpoch: number;
}

/** First eight bytes of SHA-256 of the job's UID, little-endian halves. */
export function fenceOf(jobUid: string, membershipEpoch: number): Fence {
  const digest = createHash('sha256').update(jobUid).digest();
  return { low: digest.readUInt32LE(0), high: digest.readUInt32LE(4), membershipEpoch };
}

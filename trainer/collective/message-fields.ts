/**
 * What the messages of an operation say about it, and whether a peer says the same: workers with
 * different models or settings must find out before they add each other's numbers.
 */
import type { ChunkFields, ChunkMessage } from './chunk-message.ts';
import type { Plan } from './plan-operation.ts';
import type { PullRequest } from './pull-request.ts';
import { algorithms, operations, wireTypes } from './wire-words.ts';

/** In every message. */
export type SenderFields = Pick<
  ChunkFields,
  'fenceLow' | 'fenceHigh' | 'membershipEpoch' | 'senderRank'
>;

/** A chunk that says nothing yet. */
export const emptyFields = {
  step: 0,
  bucket: 0,
  part: 0,
  chunk: 0,
  offset: 0,
  bucketLength: 0,
  kind: 0,
  operation: 0,
  algorithm: 0,
  wireType: 0,
};

export function planFields(plan: Plan): Omit<PullRequest, 'ranges' | keyof SenderFields> {
  return {
    step: plan.step,
    bucket: plan.bucket,
    bucketLength: plan.length,
    chunkLength: plan.chunkLength,
    operation: operations[plan.name],
    algorithm: algorithms[plan.algorithm],
    wireType: wireTypes[plan.wireType],
  };
}

/** What the peer does otherwise, as the end of a sentence about it; undefined where both agree. */
export function disagreement(plan: Plan, message: PullRequest | ChunkMessage): string | undefined {
  const { step, bucket, bucketLength, chunkLength, algorithm, wireType } = planFields(plan);
  if (message.bucketLength !== bucketLength) {
    return `has ${message.bucketLength} numbers in bucket ${bucket} of step ${step}, this worker ${bucketLength}: they run different models`;
  }
  if (message.algorithm !== algorithm || message.wireType !== wireType) {
    return 'runs with other settings of allReduce';
  }
  if ('chunkLength' in message && message.chunkLength !== chunkLength) {
    return `cuts chunks of ${message.chunkLength} numbers, this worker of ${chunkLength}`;
  }
  return undefined;
}

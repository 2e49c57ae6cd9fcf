/**
 * Sums of figures over the gang outside of training steps (evaluation), through the gradient arena
 * in pieces of its size.
 */
import type { StateChannel } from './broadcast-state.ts';

/** Beyond every gradient bucket, so that a key never meets one of a training step. */
const firstBucket = 1_000_000;

/**
 * @param step updates done; never less than in the call before.
 * @returns the sum over ranks of the given values, the same on every rank.
 */
export type SumOverRanks = (values: Float32Array, step: number) => Promise<Float32Array>;

export function createSumOverRanks({ collective, arena }: StateChannel): SumOverRanks {
  // A (step, bucket) is used once: buckets count on within a step and begin anew with the next.
  let bucket = firstBucket;
  let lastStep = -1;
  return async (values, step) => {
    if (step > lastStep) bucket = firstBucket;
    lastStep = step;
    const result = new Float32Array(values.length);
    for (let start = 0; start < values.length; start += arena.length) {
      const length = Math.min(arena.length, values.length - start);
      arena.set(values.subarray(start, start + length));
      await collective.allReduce({ offset: 0, length, step, bucket: bucket++, isExact: true });
      result.set(arena.subarray(0, length), start);
    }
    return result;
  };
}

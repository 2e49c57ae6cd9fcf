/**
 * Picks the algorithm of a bucket from the number of workers and its size, and says why. Both send
 * 2n(P-1)/P bytes per worker; they differ in the number of hops and of streams open at a time.
 */
import type { AlgorithmName } from './wire-words.ts';

/** Up to here every worker may pull from all others at once without crowding a link. */
const fewWorkers = 4;

/**
 * About P·α/β: below it the 2(P-1) hops of a ring cost more than its bytes, with 0.1 ms a hop and
 * 0.7 GB/s as measured for streams of grpc-js.
 */
const smallBucketBytes = 1 << 20;

export interface Choice {
  readonly name: AlgorithmName;
  readonly reason: string;
}

export function chooseAlgorithm(
  wanted: AlgorithmName | 'auto',
  worldSize: number,
  bytes: number,
): Choice {
  if (wanted !== 'auto') return { name: wanted, reason: 'allReduce.algorithm names it' };
  if (worldSize === 1) return { name: 'direct', reason: 'one worker has nothing to exchange' };
  if (worldSize === 2) return { name: 'direct', reason: 'between two workers a ring is the same' };
  if (worldSize <= fewWorkers) {
    return {
      name: 'direct',
      reason: `two hops instead of ${2 * (worldSize - 1)} for the same bytes; ${worldSize} workers do not crowd a link`,
    };
  }
  if (bytes <= smallBucketBytes) {
    return {
      name: 'direct',
      reason: `two hops instead of ${2 * (worldSize - 1)}: a bucket of at most 1 MiB is bound by latency`,
    };
  }
  return {
    name: 'ring',
    reason: `${worldSize} workers with buckets above 1 MiB: each talks to two neighbours only, at full bandwidth`,
  };
}

/**
 * The last bucket of the arena: everything besides gradients that is to be summed over ranks. Each
 * rank writes its share, the all-reduce adds, and reading gives the figures of the whole step.
 *
 * - `loss`: sum over samples of loss plus penalties; `count`: samples
 * - per metric its sum and its count of samples
 * - moving statistics after the step, weighted by count / globalCount: their sum is the average
 * - a row of figures per rank: only the rank itself writes it, so the sum is the whole table
 */
import { elementsOf } from '../named-array.ts';
import type { Bucket, NamedShape } from './plan-buckets.ts';
import type { StepSums } from './training-step.ts';

export interface SumsPlan {
  readonly metrics: readonly string[];
  readonly statistics: readonly NamedShape[];
  readonly worldSize: number;
  readonly workerFloats: number;
}

export interface SumsBucket {
  clear(): void;
  addLoss(sum: number, count: number): void;
  addMetric(index: number, sum: number, count: number): void;
  addStatistic(index: number, values: ArrayLike<number>, weight: number): void;
  /** @throws RangeError where rank or row do not fit the plan. */
  setWorker(rank: number, row: readonly number[]): void;
  /** The reduced sum of a moving statistic; a copy. */
  statistic(index: number): Float32Array;
  read(): StepSums;
}

/** The regions of the bucket in the order in which `openSums` expects them. */
export function sumsRegions(plan: SumsPlan): readonly NamedShape[] {
  return [
    { name: 'loss', shape: [2] },
    { name: 'metrics', shape: [plan.metrics.length, 2] },
    ...plan.statistics,
    { name: 'workers', shape: [plan.worldSize, plan.workerFloats] },
  ];
}

export function openSums(arena: Float32Array, bucket: Bucket, plan: SumsPlan): SumsBucket {
  const all = arena.subarray(bucket.offset, bucket.offset + bucket.length);
  let position = 0;
  const take = (length: number): Float32Array => {
    position += length;
    return all.subarray(position - length, position);
  };
  const loss = take(2);
  const metrics = plan.metrics.map(() => take(2));
  const statistics = plan.statistics.map(({ shape }) => take(elementsOf(shape)));
  const workers = Array.from({ length: plan.worldSize }, () => take(plan.workerFloats));

  return {
    clear: () => all.fill(0),
    addLoss: (sum, count) => addPair(loss, sum, count),
    addMetric: (index, sum, count) => addPair(at(metrics, index), sum, count),
    addStatistic: (index, values, weight) => {
      const target = at(statistics, index);
      for (let i = 0; i < target.length; i++) target[i]! += (values[i] ?? 0) * weight;
    },
    setWorker: (rank, row) => at(workers, rank).set(row),
    statistic: (index) => at(statistics, index).slice(),
    read: () => ({
      loss: loss[0]! / loss[1]!,
      count: loss[1]!,
      metrics: Object.fromEntries(
        metrics.map((pair, index) => [
          plan.metrics[index] ?? '',
          { sum: pair[0]!, count: pair[1]! },
        ]),
      ),
      workers: workers.map((row) => [...row]),
    }),
  };
}

function addPair(pair: Float32Array, sum: number, count: number): void {
  pair[0]! += sum;
  pair[1]! += count;
}

function at(regions: readonly Float32Array[], index: number): Float32Array {
  const region = regions[index];
  if (region === undefined) throw new RangeError(`sums: there is no region ${index}`);
  return region;
}

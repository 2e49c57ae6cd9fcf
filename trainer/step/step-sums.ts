/**
 * The last bucket of the arena: everything besides gradients that is to be summed over ranks. Each
 * rank writes its share, the all-reduce adds, and reading gives the figures of the whole step.
 *
 * - `loss`: sum over samples of loss plus penalties; `count`: samples
 * - the sums of each metric
 * - moving statistics after the step, weighted by count / globalCount: their sum is the average
 * - a row of figures per rank: only the rank itself writes it, so the sum is the whole table
 */
import { elementsOf } from '../named-array.ts';
import type { Bucket, NamedShape } from './plan-buckets.ts';
import type { StepSums } from './training-step.ts';

export interface SumsPlan {
  readonly metrics: readonly { readonly name: string; readonly size: number }[];
  readonly statistics: readonly NamedShape[];
  readonly worldSize: number;
  readonly workerFloats: number;
}

export interface SumsBucket {
  clear(): void;
  /**
   * What a pass gave: the sum of losses, the sums of each metric, the moving statistics, one after
   * another.
   */
  addPass(values: ArrayLike<number>, count: number, globalCount: number): void;
  /** @throws RangeError where rank or row do not fit the plan. */
  setWorker(rank: number, row: readonly number[]): void;
  /** The reduced sum of a moving statistic; a copy. */
  statistic(index: number): Float32Array;
  /** All of them, one after another; a copy. */
  statistics(): Float32Array;
  read(): StepSums;
}

/** The regions of the bucket in the order in which `openSums` expects them. */
export function sumsRegions(plan: SumsPlan): readonly NamedShape[] {
  return [
    { name: 'loss', shape: [2] },
    ...plan.metrics.map(({ name, size }) => ({ name, shape: [size] })),
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
  const metricsStart = position;
  const metrics = plan.metrics.map(({ size }) => take(size));
  const statisticsStart = position;
  const statistics = plan.statistics.map(({ shape }) => take(elementsOf(shape)));
  const statisticsEnd = position;
  const workers = Array.from({ length: plan.worldSize }, () => take(plan.workerFloats));

  return {
    clear: () => all.fill(0),
    addPass: (values, count, globalCount) => {
      loss[0]! += values[0] ?? NaN;
      loss[1]! += count;
      // Values lie as the regions do, but for the count.
      for (let i = metricsStart; i < statisticsStart; i++) all[i]! += values[i - 1] ?? NaN;
      const share = count / globalCount;
      for (let i = statisticsStart; i < statisticsEnd; i++)
        all[i]! += (values[i - 1] ?? NaN) * share;
    },
    setWorker: (rank, row) => at(workers, rank).set(row),
    statistic: (index) => at(statistics, index).slice(),
    statistics: () => all.slice(statisticsStart, statisticsEnd),
    read: () => ({
      loss: loss[0]! / loss[1]!,
      count: loss[1]!,
      metrics: Object.fromEntries(
        plan.metrics.map(({ name }, index) => [name, [...at(metrics, index)]]),
      ),
      workers: workers.map((row) => [...row]),
    }),
  };
}

function at(regions: readonly Float32Array[], index: number): Float32Array {
  const region = regions[index];
  if (region === undefined) throw new RangeError(`sums: there is no region ${index}`);
  return region;
}

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
  addLoss(sum: number, count: number): void;
  addMetric(index: number, sums: ArrayLike<number>): void;
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
  const metrics = plan.metrics.map(({ size }) => take(size));
  const statistics = plan.statistics.map(({ shape }) => take(elementsOf(shape)));
  const workers = Array.from({ length: plan.worldSize }, () => take(plan.workerFloats));

  return {
    clear: () => all.fill(0),
    addLoss: (sum, count) => addTo(loss, [sum, count], 1),
    addMetric: (index, sums) => addTo(at(metrics, index), sums, 1),
    addStatistic: (index, values, weight) => addTo(at(statistics, index), values, weight),
    setWorker: (rank, row) => at(workers, rank).set(row),
    statistic: (index) => at(statistics, index).slice(),
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

function addTo(target: Float32Array, values: ArrayLike<number>, weight: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += (values[i] ?? NaN) * weight;
}

function at(regions: readonly Float32Array[], index: number): Float32Array {
  const region = regions[index];
  if (region === undefined) throw new RangeError(`sums: there is no region ${index}`);
  return region;
}

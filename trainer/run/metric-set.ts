/** The metrics of a run: what is summed over samples and ranks, and the figures that come of it. */
import type { LossConfig } from '@tfjs-operator/api/run-config.ts';
import { metricByName, type Metric } from '../model/metric.ts';

export interface MetricSet {
  readonly list: readonly Metric[];
  /**
   * @param sums of all metrics, one after another, each of its size.
   * @param count samples behind them.
   * @returns values by metric.
   */
  finalize(sums: readonly number[], count: number): Record<string, number>;
}

/** @throws Failure BadConfig for an unknown metric. */
export function metricSet(names: readonly string[], loss: LossConfig): MetricSet {
  const list = names.map((name) => metricByName(name, loss));
  return {
    list,
    finalize: (sums, count) => {
      let position = 0;
      return Object.fromEntries(
        list.map(({ name, size, finalize }) => {
          position += size;
          return [name, finalize(sums.slice(position - size, position), count)];
        }),
      );
    },
  };
}

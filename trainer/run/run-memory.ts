/**
 * What a run remembers besides weights: history, running sums, early stopping. Plain JSON, so that
 * it travels in the checkpoint and all ranks hold the same.
 */
import type { EpochRecord, MembershipChange, StepRecord } from '@tfjs-operator/api/result.ts';
import { initialEarlyStopping, type EarlyStoppingState } from './early-stopping.ts';
import { emptySeries, type ThinnedSeries } from './thin.ts';

/** Sums over the samples of the current epoch so far. */
export interface EpochSums {
  readonly count: number;
  /** Loss sum under the key `loss`, metric sums and counts under the metrics' names. */
  readonly sums: Readonly<Record<string, { readonly sum: number; readonly count: number }>>;
  readonly seconds: number;
}

export interface RunMemory {
  readonly history: readonly EpochRecord[];
  readonly steps: ThinnedSeries<StepRecord>;
  readonly membership: readonly MembershipChange[];
  readonly earlyStopping: EarlyStoppingState;
  readonly epochSums: EpochSums;
  /** Seconds of training in this and earlier attempts. */
  readonly seconds: number;
  readonly samples: number;
  readonly allReduceBytes: number;
  readonly isStoppedEarly: boolean;
}

export const emptyEpochSums: EpochSums = { count: 0, sums: {}, seconds: 0 };

export function newRunMemory(): RunMemory {
  return {
    history: [],
    steps: emptySeries(),
    membership: [],
    earlyStopping: initialEarlyStopping,
    epochSums: emptyEpochSums,
    seconds: 0,
    samples: 0,
    allReduceBytes: 0,
    isStoppedEarly: false,
  };
}

/** Adds a step's means to the sums of its epoch. */
export function addToEpoch(
  epoch: EpochSums,
  step: {
    readonly loss: number;
    readonly count: number;
    readonly metrics: Readonly<Record<string, { readonly sum: number; readonly count: number }>>;
    readonly seconds: number;
  },
): EpochSums {
  const own = { loss: { sum: step.loss * step.count, count: step.count }, ...step.metrics };
  const sums = Object.fromEntries(
    Object.entries(own).map(([name, added]) => {
      const before = epoch.sums[name] ?? { sum: 0, count: 0 };
      return [name, { sum: before.sum + added.sum, count: before.count + added.count }];
    }),
  );
  return { count: epoch.count + step.count, sums, seconds: epoch.seconds + step.seconds };
}

/** Means of the epoch so far by name. */
export function epochMeans(epoch: EpochSums): Record<string, number> {
  return Object.fromEntries(
    Object.entries(epoch.sums).map(([name, { sum, count }]) => [name, count === 0 ? 0 : sum / count]),
  );
}

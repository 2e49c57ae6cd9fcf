/**
 * What a run remembers besides weights: history, running sums, early stopping. Plain JSON, so that
 * it travels in the checkpoint and all ranks hold the same.
 */
import type { EpochRecord, MembershipChange, StepRecord } from '@tfjs-operator/api/result.ts';
import type { StepSums } from '../step/training-step.ts';
import { initialEarlyStopping, type EarlyStoppingState } from './early-stopping.ts';
import type { MetricSet } from './metric-set.ts';
import { emptySeries, type ThinnedSeries } from './thin.ts';

/** Sums over the samples of the current epoch so far. */
export interface EpochSums {
  readonly count: number;
  readonly loss: number;
  /** The sums of the run's metrics, one after another. */
  readonly parts: readonly number[];
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

export const emptyEpochSums: EpochSums = { count: 0, loss: 0, parts: [], seconds: 0 };

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

/** Adds what a step measured to the sums of its epoch. */
export function addToEpoch(epoch: EpochSums, step: StepSums, seconds: number): EpochSums {
  const sums = Object.values(step.metrics).flat();
  return {
    count: epoch.count + step.count,
    loss: epoch.loss + step.loss * step.count,
    parts: sums.map((sum, index) => sum + (epoch.parts[index] ?? 0)),
    seconds: epoch.seconds + seconds,
  };
}

/** Mean loss and the metrics of the epoch so far, by name. */
export function epochFigures(epoch: EpochSums, metrics: MetricSet): Record<string, number> {
  if (epoch.count === 0) return {};
  return { loss: epoch.loss / epoch.count, ...metrics.finalize(epoch.parts, epoch.count) };
}

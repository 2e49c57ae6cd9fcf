/** Those who watch a run: metrics, TensorBoard, log. The loop tells them facts and asks nothing. */
import type { EpochRecord } from '@tfjs-operator/api/result.ts';
import type { StepTimes } from './worker-window.ts';

export interface StepFacts {
  /** Optimizer updates done, this one included. */
  readonly step: number;
  /** Current pass over the training split, from 0. */
  readonly epoch: number;
  readonly loss: number;
  /** Loss and metrics of the epoch so far by name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** Where this worker's time went. */
  readonly own: StepTimes;
  /** Samples of this worker. */
  readonly samples: number;
}

export interface RunObserver {
  onStep(facts: StepFacts): void;
  onEpoch(record: EpochRecord): void;
}

export function observeAll(observers: readonly RunObserver[]): RunObserver {
  return {
    onStep: (facts) => observers.forEach((observer) => observer.onStep(facts)),
    onEpoch: (record) => observers.forEach((observer) => observer.onEpoch(record)),
  };
}

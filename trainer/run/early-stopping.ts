/**
 * When to stop before the last epoch: Keras's EarlyStopping as a pure function on plain state, so
 * that every rank comes to the same decision and a checkpoint can carry it.
 */
import type { EarlyStoppingConfig } from '@tfjs-operator/api/run-config.ts';

export interface EarlyStoppingState {
  /** Best value of the monitored figure so far; null before the first epoch. */
  readonly best: number | null;
  readonly bestEpoch: number;
  /** Epochs since the best one. */
  readonly wait: number;
}

export const initialEarlyStopping: EarlyStoppingState = { best: null, bestEpoch: 0, wait: 0 };

export interface EarlyStoppingDecision {
  readonly state: EarlyStoppingState;
  readonly isBest: boolean;
  readonly shouldStop: boolean;
}

/**
 * @param value the monitored figure after `epoch` (counted from 1).
 * @see https://keras.io/api/callbacks/early_stopping/
 */
export function decideEarlyStopping(
  config: EarlyStoppingConfig,
  state: EarlyStoppingState,
  { epoch, value }: { readonly epoch: number; readonly value: number },
): EarlyStoppingDecision {
  const gain =
    config.mode === 'min' ? (state.best ?? Infinity) - value : value - (state.best ?? -Infinity);
  if (gain > config.minDelta) {
    return { state: { best: value, bestEpoch: epoch, wait: 0 }, isBest: true, shouldStop: false };
  }
  const wait = state.wait + 1;
  return { state: { ...state, wait }, isBest: false, shouldStop: wait >= config.patience };
}

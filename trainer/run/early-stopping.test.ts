import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EarlyStoppingConfig } from '@tfjs-operator/api/run-config.ts';
import { decideEarlyStopping, initialEarlyStopping } from './early-stopping.ts';

const config: EarlyStoppingConfig = {
  monitor: 'val_loss',
  mode: 'min',
  patience: 2,
  minDelta: 0.01,
  restoreBestWeights: true,
};

/** Epoch at which training stops on these values, and the best epoch. */
function follow(values: readonly number[], options = config): { stopped: number; best: number } {
  let state = initialEarlyStopping;
  for (const [index, value] of values.entries()) {
    const decision = decideEarlyStopping(options, state, { epoch: index + 1, value });
    state = decision.state;
    if (decision.shouldStop) return { stopped: index + 1, best: state.bestEpoch };
  }
  return { stopped: Infinity, best: state.bestEpoch };
}

test('a falling loss never stops', () => {
  assert.deepEqual(follow([1, 0.9, 0.8, 0.7]), { stopped: Infinity, best: 4 });
});

test('patience epochs without a gain of at least minDelta stop the training', () => {
  assert.deepEqual(follow([1, 0.5, 0.495, 0.495, 0.1]), { stopped: 4, best: 2 });
});

test('a gain within the patience starts the count again', () => {
  assert.deepEqual(follow([1, 1, 0.5, 0.5, 0.5]), { stopped: 5, best: 3 });
});

test('with mode max a rising figure is a gain', () => {
  assert.deepEqual(follow([0.5, 0.6, 0.6, 0.55], { ...config, mode: 'max' }), {
    stopped: 4,
    best: 2,
  });
});

test('a figure that is not a number counts as no gain', () => {
  assert.deepEqual(follow([1, NaN, NaN]), { stopped: 3, best: 1 });
});

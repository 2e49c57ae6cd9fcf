import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateProgress } from '@tfjs-operator/api/generated/validators.js';
import { decodeWorkerRow, encodeWorkerRow, idleRow, ProgressTracker } from './progress-tracker.ts';

const job = { name: 'mnist', namespace: 'default', uid: 'u1' };

function aTracker(): ProgressTracker {
  return new ProgressTracker({ job, rank: 0, worldSize: 2, epochs: 3 }, () => new Date(0));
}

/** Steps of 0.1 s with 10 samples per worker; the second worker computes longer. */
function train(tracker: ProgressTracker, steps: number, from = 0): void {
  for (let step = from; step < from + steps; step++) {
    const fast = { ...idleRow, compute: 0.04, communication: 0.01, wait: 0.05, samples: 10 };
    const slow = { ...idleRow, compute: 0.09, communication: 0.01, samples: 10 };
    tracker.addStep([fast, slow], 20, (step + 1) * 0.1);
  }
}

test('a new tracker serves a document that fits the schema', () => {
  assert.ok(validateProgress(aTracker().document()), JSON.stringify(validateProgress.errors));
});

test('shares, throughput and the slowest rank come from the last seconds', () => {
  const tracker = aTracker();
  tracker.set({ totalSteps: 400, step: 200, phase: 'training' });
  train(tracker, 200);
  const { workers, slowestRank, samplesPerSecond, secondsRemaining, percent } = tracker.document();
  assert.deepEqual(
    workers.map(({ computeShare, communicationShare, waitShare }) => [
      computeShare,
      communicationShare,
      waitShare,
    ]),
    [
      [0.4, 0.1, 0.5],
      [0.9, 0.1, 0],
    ],
  );
  assert.equal(slowestRank, 1);
  assert.equal(samplesPerSecond, 200);
  assert.equal(secondsRemaining, 20);
  assert.equal(percent, 50);
  assert.ok(validateProgress(tracker.document()), JSON.stringify(validateProgress.errors));
});

test('a slow first step does not stay in the figures of the workers', () => {
  const tracker = aTracker();
  tracker.addStep([{ ...idleRow, compute: 5, samples: 10 }, idleRow], 10, -20);
  tracker.startEpoch();
  train(tracker, 300);
  assert.equal(tracker.document().workers[0]?.samplesPerSecond, 100);
  assert.deepEqual(tracker.epochSamplesPerSecond().map(Math.round), [100, 100]);
});

test('a row survives its way through the reduced floats', () => {
  const row = {
    ...idleRow,
    compute: 1,
    apply: 2,
    communication: 3,
    wait: 4,
    data: 5,
    samples: 6,
    bytes: 7,
    stop: 1,
  };
  assert.deepEqual(decodeWorkerRow(encodeWorkerRow(row)), row);
});

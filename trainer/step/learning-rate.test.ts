import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { learningRateAt, scaledLearningRate } from './learning-rate.ts';

test('a warm-up rises linearly from zero to the base rate of every schedule', () => {
  for (const name of ['constant', 'step', 'exponential', 'cosine'] as const) {
    const schedule = { name, warmupSteps: 4, decaySteps: 10, decayRate: 0.5 };
    const rates = [0, 1, 2, 3, 4].map((step) => learningRateAt(step, schedule, 0.2, 100));
    rates.forEach((rate, step) => assert.ok(Math.abs(rate - 0.05 * step) < 1e-12));
  }
});

test('a constant rate stays and a cosine ends at its floor on the last step', () => {
  assert.equal(learningRateAt(99, { name: 'constant', warmupSteps: 0 }, 0.3, 100), 0.3);
  const cosine = { name: 'cosine', warmupSteps: 20, alpha: 0.25 } as const;
  assert.ok(Math.abs(learningRateAt(100, cosine, 0.4, 100) - 0.1) < 1e-12);
  assert.ok(Math.abs(learningRateAt(500, cosine, 0.4, 100) - 0.1) < 1e-12);
});

test('a schedule without the field that it needs names that field', () => {
  assert.throws(
    () => learningRateAt(0, { name: 'step', warmupSteps: 0, decaySteps: 5 }, 0.1, 10),
    (error: unknown) =>
      error instanceof Failure &&
      error.reason === 'BadConfig' &&
      error.message.includes('training.learningRateSchedule.decayRate'),
  );
});

test('linear scaling multiplies the rate by the workers', () => {
  assert.equal(scaledLearningRate(0.1, 'linear', 4), 0.4);
  assert.equal(scaledLearningRate(0.1, 'none', 4), 0.1);
});

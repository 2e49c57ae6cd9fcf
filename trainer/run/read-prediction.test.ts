import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPrediction } from './read-prediction.ts';

test('the class with the greatest probability is predicted', () => {
  const { index, confidence } = readPrediction(Float32Array.of(0.125, 0.75, 0.125), false);
  assert.deepEqual([index, confidence], [1, 0.75]);
});

test('logits become probabilities by softmax, also large ones', () => {
  const { index, confidence } = readPrediction(Float32Array.of(1000, 1000, 0), true);
  assert.equal(index, 0);
  assert.ok(Math.abs(confidence - 0.5) < 1e-6);
});

test('a single output is the probability of class 1', () => {
  assert.deepEqual(readPrediction(Float32Array.of(0.25), false), { index: 0, confidence: 0.75 });
  assert.deepEqual(readPrediction(Float32Array.of(0.75), false), { index: 1, confidence: 0.75 });
});

test('a single logit above 0 is class 1', () => {
  assert.equal(readPrediction(Float32Array.of(0.1), true).index, 1);
  assert.equal(readPrediction(Float32Array.of(-0.1), true).index, 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFinite } from './assert-finite.ts';

test('finite figures pass', () => {
  assertFinite({ loss: 0.1, val_accuracy: 0 }, 1);
});

test('a validation loss that is no number ends the training in a sentence', () => {
  for (const value of [NaN, Infinity]) {
    assert.throws(() => assertFinite({ loss: 0.1, val_loss: value }, 3), {
      reason: 'NumericError',
      message: new RegExp(`^val_loss is ${value} after epoch 3, so training cannot go on; `),
    });
  }
});

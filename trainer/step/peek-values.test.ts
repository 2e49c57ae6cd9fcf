import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend } from '../backend/choose-backend.ts';
import { peekValues } from './peek-values.ts';

for (const backend of ['cpu', 'wasm'] as const) {
  test(`values are read where they lie or copied (${backend})`, async () => {
    await chooseBackend(backend);
    tf.tidy(() => {
      const sum = tf.add(tf.tensor2d([[1, 2, 3]]), tf.scalar(0.5));
      assert.deepEqual([...peekValues(sum)], [1.5, 2.5, 3.5]);
      assert.deepEqual([...peekValues(tf.scalar(7))], [7]);
    });
  });
}

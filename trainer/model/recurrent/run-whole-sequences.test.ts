import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { cpuBackend } from '../../backend/cpu-backend.ts';
import { wasmBackend } from '../../backend/wasm-backend.ts';
import { outcomeError, outcomeOf, recurrentCases } from './recurrent-cases.testing.ts';

before(async () => {
  await cpuBackend.open();
  await wasmBackend.open();
});

describe('a recurrent layer computed as a whole sequence', () => {
  for (const recurrentCase of recurrentCases) {
    test(`has the values and gradients of tfjs: ${recurrentCase.name}`, async () => {
      await tf.setBackend('cpu');
      const expected = outcomeOf(recurrentCase, false);
      for (const backend of ['cpu', 'wasm']) {
        await tf.setBackend(backend);
        const error = outcomeError(outcomeOf(recurrentCase, true), expected);
        assert.ok(error < 2e-6, `${backend} differs by ${error}`);
      }
    });
  }
});

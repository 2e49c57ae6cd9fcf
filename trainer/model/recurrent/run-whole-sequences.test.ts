import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { cpuBackend } from '../../backend/cpu-backend.ts';
import { wasmBackend } from '../../backend/wasm-backend.ts';
import {
  buildRecurrent,
  fallbackCases,
  outcomeError,
  outcomeOf,
  recurrentKinds,
  slopeError,
  wholeCases,
} from './recurrent-cases.testing.ts';
import { runWholeSequences } from './run-whole-sequences.ts';

before(async () => {
  await cpuBackend.open();
  await wasmBackend.open();
});

describe('a recurrent layer computed as a whole sequence', () => {
  for (const recurrentCase of wholeCases) {
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

  for (const fallbackCase of fallbackCases) {
    test(`is computed by tfjs with other options: ${fallbackCase.name}`, async () => {
      await tf.setBackend('cpu');
      const [own, ours] = [outcomeOf(fallbackCase, false), outcomeOf(fallbackCase, true)];
      assert.deepEqual(ours, own);
    });
  }

  for (const wholeCase of wholeCases) {
    test(`has gradients that are those of finite differences: ${wholeCase.name}`, async () => {
      await tf.setBackend('cpu');
      const error = slopeError(wholeCase);
      assert.ok(error < 2e-3, `slopes differ by ${error}`);
    });
  }

  for (const kind of recurrentKinds) {
    test(`skips the time steps that a mask takes out, as tfjs does: ${kind}`, async () => {
      await tf.setBackend('cpu');
      const x = tf.tensor([1, 2, -1, -1, 3, 4, -1, -1], [1, 4, 2]);
      const outputs = [false, true].map((isWhole) => {
        const model = tfl.sequential({
          layers: [
            tfl.layers.masking({ maskValue: -1, inputShape: [4, 2] }),
            buildRecurrent(kind, { kernelInitializer: 'ones', recurrentInitializer: 'ones' }),
          ],
        });
        if (isWhole) runWholeSequences(model);
        return [...(model.apply(x) as tf.Tensor).dataSync()];
      });
      assert.deepEqual(outputs[1], outputs[0]);
    });
  }

  test('leaves no tensor behind, in training and in inference', async () => {
    await tf.setBackend('cpu');
    const model = tfl.sequential({
      layers: [
        tfl.layers.inputLayer({ inputShape: [4, 2] }),
        ...recurrentKinds.map((kind) => buildRecurrent(kind, { returnSequences: true })),
      ],
    });
    runWholeSequences(model);
    const x = tf.ones([2, 4, 2]);
    const pass = (): void => {
      tf.tidy(() => {
        tf.variableGrads(() => tf.sum(model.apply(x, { training: true }) as tf.Tensor));
      });
      tf.dispose(model.apply(x) as tf.Tensor);
    };
    pass();
    const tensors = tf.memory().numTensors;
    pass();
    assert.equal(tf.memory().numTensors, tensors);
  });
});

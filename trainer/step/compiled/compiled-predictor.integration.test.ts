/** Compiled inference against the operations, on the real library. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { chooseBackend, knownBackends } from '../../backend/choose-backend.ts';
import { nodeBackend } from '../../backend/tensorflow/node-backend.ts';
import { createEagerPredictor } from '../eager-predictor.ts';
import type { Figures, Measured } from '../predictor.ts';
import {
  accuracy,
  buildTinyModel,
  crossEntropy,
  relativeDifference,
  tinyBatch,
} from '../simulated-ranks.ts';
import { createCompiledPredictor } from './compiled-predictor.ts';
import { createCompiledStep } from './compiled-step.ts';

const figures: Figures = { loss: crossEntropy, metrics: [accuracy] };

function assertAgree(actual: Measured, expected: Measured): void {
  assert.ok(relativeDifference(actual.values, expected.values) < 1e-5);
  assert.deepEqual(actual.shape, expected.shape);
  assert.equal(actual.count, expected.count);
  assert.ok(Math.abs(actual.lossSum - expected.lossSum) < 1e-4);
  assert.deepEqual(actual.metricSums, expected.metricSums);
}

describe('a compiled predictor', needsTensorflowAddon(), () => {
  before(async () => {
    await chooseBackend('tensorflow', knownBackends({ home: await tensorflowAddon() }));
  });

  for (const name of ['mlp', 'cnn', 'lstm', 'batchNormalization'] as const) {
    test(`measures as the operations do (${name})`, () => {
      const model = buildTinyModel(name);
      const predictor = createCompiledPredictor(model, assert.fail);
      for (const [index, count] of [8, 8, 3, 8].entries()) {
        const batch = tinyBatch(name, count, index);
        const expected = createEagerPredictor(model).measure(batch, figures);
        assertAgree(predictor.measure(batch, figures), expected);
        const bare = predictor.measure(batch, { metrics: [] });
        assert.equal(bare.lossSum, 0);
        assert.deepEqual(bare.values, predictor.measure(batch, figures).values);
      }
      predictor.dispose();
      model.dispose();
    });
  }

  test('computes with the weights that a training step has reached', () => {
    const model = buildTinyModel('batchNormalization');
    const step = createCompiledStep({
      model,
      loss: crossEntropy,
      metrics: [],
      optimizer: { name: 'adam', learningRate: 0.1 },
      bucketBytes: 256,
      isAlone: true,
    });
    const predictor = createCompiledPredictor(model, assert.fail);
    const batch = tinyBatch('batchNormalization', 6, 1);
    const losses = [0, 1, 2].map((index) => {
      const before_ = predictor.measure(batch, figures);
      assertAgree(before_, createEagerPredictor(model).measure(batch, figures));
      step.gradients(batch, { globalCount: 6, step: index, randomKey: 1 }, () => undefined);
      step.apply({ learningRate: 0.1, step: index });
      return before_.lossSum;
    });
    assert.equal(new Set(losses).size, 3);
    step.dispose();
    predictor.dispose();
    model.dispose();
  });

  test('runs operations, and says so, where the measurement cannot be a graph', () => {
    const model = buildTinyModel('mlp');
    const reasons: string[] = [];
    const predictor = createCompiledPredictor(model, (reason) => reasons.push(reason));
    const reading: Figures = {
      loss: (y, p) => tf.mul(crossEntropy(y, p), p.dataSync<'float32'>()[0]! > 2 ? 0 : 1),
      metrics: [accuracy],
    };
    for (const seed of [1, 2]) {
      const batch = tinyBatch('mlp', 4, seed);
      assertAgree(
        predictor.measure(batch, reading),
        createEagerPredictor(model).measure(batch, figures),
      );
    }
    assert.deepEqual(reasons, ['it reads the value of a tensor on the way']);
    model.dispose();
  });

  test('leaves no tensor and no native handle behind', () => {
    const model = buildTinyModel('cnn');
    const predictor = createCompiledPredictor(model, assert.fail);
    const count = (): number[] => [tf.memory().numTensors, nodeBackend().binding.getNumOfTensors()];
    predictor.measure(tinyBatch('cnn', 6, 0), figures);
    const before_ = count();
    for (let seed = 1; seed < 30; seed++) predictor.measure(tinyBatch('cnn', 6, seed), figures);
    assert.deepEqual(count(), before_);
    predictor.dispose();
    model.dispose();
  });
});

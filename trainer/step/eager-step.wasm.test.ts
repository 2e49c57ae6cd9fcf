import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { chooseBackend } from '../backend/choose-backend.ts';
import {
  buildTinyModel,
  reducedGradients,
  relativeDifference,
  tinyBatch,
  tinyStep,
  type ModelName,
} from './simulated-ranks.ts';

const MODELS: readonly ModelName[] = ['mlp', 'cnn', 'lstm', 'batchNormalization'];

/** Weights after three steps of two ranks, and the tensors that the last two steps left. */
async function trainOn(backend: 'wasm' | 'cpu', name: ModelName): Promise<Float32Array> {
  await chooseBackend(backend);
  const model = buildTinyModel(name);
  const step = tinyStep(model, {
    optimizer: { name: 'momentum', learningRate: 0.1 },
    clipNorm: 0.5,
  });
  let tensors = 0;
  for (let index = 0; index < 3; index++) {
    reducedGradients(step, tinyBatch(name, 9, index), { worldSize: 2, step: index });
    step.apply({ learningRate: 0.1, step: index });
    if (index === 0) tensors = tf.memory().numTensors;
  }
  assert.equal(tf.memory().numTensors, tensors, 'the step leaves tensors behind');
  const state = new Float32Array(step.stateFloats);
  step.writeStateTo(state);
  step.dispose();
  model.dispose();
  return state;
}

for (const name of MODELS) {
  test(`wasm trains as the reference backend does (${name})`, async () => {
    const reference = await trainOn('cpu', name);
    const difference = relativeDifference(await trainOn('wasm', name), reference);
    assert.ok(difference < 1e-5, `state differs by ${difference}`);
  });
}

for (const name of MODELS) {
  test(`the wasm memory keeps its size and its tensors over many steps (${name})`, async () => {
    await chooseBackend('wasm');
    const backend = tf.backend() as BackendWasm;
    const model = buildTinyModel(name);
    const step = tinyStep(model, { optimizer: { name: 'adam', learningRate: 0.01 } });
    const run = (index: number): void => {
      reducedGradients(step, tinyBatch(name, 12, index), { worldSize: 1, step: index });
      step.apply({ learningRate: 0.01, step: index });
    };
    const held = (): readonly number[] => [
      (backend.wasm as unknown as { HEAPU8: Uint8Array }).HEAPU8.length,
      backend.numDataIds(),
      tf.memory().numTensors,
    ];
    for (let index = 0; index < 3; index++) run(index);
    const before = held();
    for (let index = 3; index < 60; index++) run(index);
    assert.deepEqual(held(), before);
    step.dispose();
    model.dispose();
  });
}

test('the same run gives the same weights to the bit', async () => {
  const first = await trainOn('wasm', 'cnn');
  assert.deepEqual(await trainOn('wasm', 'cnn'), first);
});

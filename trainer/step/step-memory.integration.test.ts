/**
 * A step leaves nothing behind: no tensor, no native tensor, no memory of the process. The same over
 * 10,000 steps: `npm run bench -- memory`.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { needsTensorflowAddon, tensorflowAddon } from '../../test/tensorflow-addon.ts';
import type { BackendName } from '../backend/backend.ts';
import { chooseBackend, knownBackends, type Backends } from '../backend/choose-backend.ts';
import { createCompiledStep } from './compiled/compiled-step.ts';
import { createEagerStep } from './eager-step.ts';
import { heldMemory, type HeldMemory } from './held-memory.testing.ts';
import type { StepOptions } from './open-step.ts';
import { accuracy, CLASSES, crossEntropy, uniform } from './simulated-ranks.ts';
import type { StepBatch, TrainingStep } from './training-step.ts';

const warmUpSteps = 100;
const steps = 400;
const features = 2048;
/** 512 KiB of features in a batch: one that stays at each step is 200 MiB in the end. */
const batchSize = 64;
/** A process goes up and down by 20 MiB; one that keeps a batch in five steps is beyond this. */
const mostGrowthBytes = 40 * 1024 * 1024;

interface Way {
  readonly name: string;
  readonly backend: BackendName;
  readonly create: (options: StepOptions) => TrainingStep;
  readonly isAlone: boolean;
  readonly mode: 'compiled' | 'eager';
}

const ways: readonly Way[] = [
  { name: 'compiled, alone', backend: 'tensorflow', create: createCompiledStep, isAlone: true, mode: 'compiled' },
  { name: 'compiled, one of several', backend: 'tensorflow', create: createCompiledStep, isAlone: false, mode: 'compiled' },
  { name: 'eager', backend: 'tensorflow', create: createEagerStep, isAlone: true, mode: 'eager' },
  { name: 'eager', backend: 'wasm', create: createEagerStep, isAlone: true, mode: 'eager' },
]; // prettier-ignore

/** Every kind of state that a step has: statistics, draws, slots. */
function buildModel(): tfl.LayersModel {
  const { layers } = tfl;
  return tfl.sequential({
    layers: [
      layers.dense({ units: 32, inputShape: [features], activation: 'relu' }),
      layers.batchNormalization(),
      layers.dropout({ rate: 0.2, name: 'drop' }),
      layers.dense({ units: CLASSES, activation: 'softmax' }),
    ],
  });
}

/** The last one is smaller, as at the end of an epoch. */
function makeBatches(): readonly StepBatch[] {
  const next = uniform(5);
  return [batchSize, batchSize, batchSize / 2].map((count) => ({
    x: Float32Array.from({ length: count * features }, next),
    y: Int32Array.from({ length: count }, () => Math.floor(((next() + 1) / 2) * CLASSES)),
    count,
  }));
}

function countsOf({ tensors, dataBuffers, bytes, nativeTensors }: HeldMemory): readonly number[] {
  return [tensors, dataBuffers, bytes, nativeTensors];
}

describe('over hundreds of steps nothing is left behind', needsTensorflowAddon(), () => {
  let backends: Backends;
  const batches = makeBatches();
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;

  before(async () => {
    backends = knownBackends({ home: await tensorflowAddon() });
  });

  for (const way of ways) {
    test(`on ${way.backend}, ${way.name}`, async (t) => {
      await chooseBackend(way.backend, backends);
      const model = buildModel();
      const step = way.create({
        ...{ model, loss: crossEntropy, metrics: [accuracy], bucketBytes: 65_536 },
        optimizer: { name: 'adam', learningRate: 0.001 },
        ...{ clipNorm: 1, isAlone: way.isAlone },
      });
      const train = async (first: number, count: number): Promise<void> => {
        for (let index = first; index < first + count; index++) {
          const batch = batches[index % batches.length]!;
          const options = { globalCount: batch.count, step: index, randomKey: index };
          step.gradients(batch, options, () => undefined);
          step.apply({ learningRate: 0.001, step: index });
          // As in training: the addon gives arrays back when the event loop turns.
          await setImmediate();
        }
        collectGarbage();
        await setImmediate();
      };
      await train(0, warmUpSteps);
      assert.equal(step.execution.mode, way.mode, step.execution.reason);
      const held = heldMemory();
      await train(warmUpSteps, steps);
      const after = heldMemory();
      assert.deepEqual(countsOf(after), countsOf(held));
      const growth = after.usedBytes - held.usedBytes;
      t.diagnostic(`memory in use grew by ${growth} bytes`);
      assert.ok(growth < mostGrowthBytes, `memory in use grew by ${growth} bytes`);
      step.dispose();
      model.dispose();
    });
  }

  test('and a step that is disposed of gives everything back', async () => {
    await chooseBackend('tensorflow', backends);
    const use = (): void => {
      const model = buildModel();
      const step = createCompiledStep({
        ...{ model, loss: crossEntropy, metrics: [accuracy], bucketBytes: 65_536 },
        optimizer: { name: 'adam', learningRate: 0.001 },
      });
      for (const batch of batches) {
        step.gradients(batch, { globalCount: batch.count, step: 0, randomKey: 1 }, () => undefined);
        step.apply({ learningRate: 0.001, step: 0 });
      }
      step.dispose();
      model.dispose();
    };
    use();
    const { tensors, nativeTensors } = heldMemory();
    for (let again = 0; again < 3; again++) use();
    const after = heldMemory();
    assert.deepEqual([after.tensors, after.nativeTensors], [tensors, nativeTensors]);
    assert.equal(tf.getBackend(), 'tensorflow');
  });
});

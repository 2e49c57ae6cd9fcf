/** The compiled step against the eager one, on the real library. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { chooseBackend, knownBackends } from '../../backend/choose-backend.ts';
import { nodeBackend } from '../../backend/tensorflow/node-backend.ts';
import { statelessDraws } from '../../backend/tensorflow/stateless-draws.ts';
import { createEagerStep } from '../eager-step.ts';
import type { StepOptions } from '../open-step.ts';
import {
  accuracy,
  buildTinyModel,
  crossEntropy,
  relativeDifference,
  sliceOf,
  tinyBatch,
  type ModelName,
} from '../simulated-ranks.ts';
import type { StepBatch, TrainingStep } from '../training-step.ts';
import { createCompiledStep } from './compiled-step.ts';

const { layers } = tfl;
const ignore = (): void => undefined;
const adam: OptimizerConfig = { name: 'adam', learningRate: 0.01 };
/** Fused kernels round otherwise; over twelve steps of small networks that stays below this. */
const tolerance = 1e-4;

const compiled = 'compiled';

function optionsFor(model: tfl.LayersModel, more: Partial<StepOptions> = {}): StepOptions {
  return {
    model,
    loss: crossEntropy,
    metrics: [accuracy],
    optimizer: adam,
    bucketBytes: 256,
    ...more,
  };
}

const eagerStep = (options: StepOptions): TrainingStep =>
  createEagerStep({ ...options, draws: statelessDraws() });

interface Trained {
  readonly losses: number[];
  readonly norms: number[];
  readonly state: Float32Array[];
}

/** Twelve steps; every fourth batch is smaller, as the last one of an epoch. */
function train(step: TrainingStep, batchOf: (index: number) => StepBatch, from = 0): Trained {
  const losses: number[] = [];
  const norms: number[] = [];
  for (let index = from; index < 12; index++) {
    const batch = batchOf(index);
    const options = { globalCount: batch.count, step: index, randomKey: 1000 + index };
    step.gradients(batch, options, ignore);
    losses.push(step.readSums().loss);
    norms.push(step.apply({ learningRate: 0.01 / (1 + index), step: index }).gradientNorm);
  }
  return { losses, norms, state: step.state().map(({ data }) => data) };
}

const batchesOf =
  (name: ModelName) =>
  (index: number): StepBatch =>
    tinyBatch(name, index % 4 === 3 ? 4 : 6, index);

function assertAgree(actual: Trained, expected: Trained): void {
  assert.ok(
    relativeDifference(actual.losses, expected.losses) < tolerance,
    `losses ${actual.losses.join()} instead of ${expected.losses.join()}`,
  );
  assert.ok(relativeDifference(actual.norms, expected.norms) < tolerance, 'norms');
  expected.state.forEach((values, index) => {
    const difference = relativeDifference(actual.state[index]!, values);
    assert.ok(difference < tolerance, `tensor ${index} of the state differs by ${difference}`);
  });
}

/** Trains two equal models, one by operations and one by graphs. */
function compare(
  build: () => tfl.LayersModel,
  batchOf: (index: number) => StepBatch,
  more: Partial<StepOptions> = {},
): void {
  const [first, second] = [build(), build()];
  // To both, since setting applies constraints.
  const weights = first.getWeights().map((weight) => tf.clone(weight));
  for (const model of [first, second]) model.setWeights(weights);
  const eager = eagerStep(optionsFor(first, more));
  const step = createCompiledStep(optionsFor(second, more));
  const expected = train(eager, batchOf);
  const actual = train(step, batchOf);
  assert.equal(step.execution.mode, compiled, step.execution.reason);
  assertAgree(actual, expected);
  for (const used of [eager, step]) used.dispose();
  tf.dispose([weights, first.getWeights(), second.getWeights()]);
}

describe('a compiled step', needsTensorflowAddon(), () => {
  before(async () => {
    await chooseBackend('tensorflow', knownBackends({ home: await tensorflowAddon() }));
  });
  after(() => tf.disposeVariables());

  for (const name of ['mlp', 'cnn', 'lstm', 'batchNormalization'] as const) {
    for (const isAlone of [true, false]) {
      const where = isAlone ? 'in TensorFlow' : 'in the arena';
      test(`trains as the operations do (${name}, gradients ${where})`, () => {
        compare(() => buildTinyModel(name), batchesOf(name), { isAlone });
      });
    }
  }

  const optimizers: Readonly<Record<string, OptimizerConfig>> = {
    'plain SGD': { name: 'sgd', learningRate: 0.1 },
    momentum: { name: 'momentum', learningRate: 0.1, momentum: 0.8 },
    'Nesterov momentum': { name: 'momentum', learningRate: 0.1, nesterov: true },
    RMSProp: { name: 'rmsprop', learningRate: 0.01 },
    'RMSProp with momentum': { name: 'rmsprop', learningRate: 0.01, momentum: 0.7 },
    Adagrad: { name: 'adagrad', learningRate: 0.1 },
    'Adam with its own betas': { name: 'adam', learningRate: 0.01, beta1: 0.8, beta2: 0.9 },
    AdamW: { name: 'adamw', learningRate: 0.01, weightDecay: 0.3 },
  };
  for (const [title, optimizer] of Object.entries(optimizers)) {
    test(`updates as the operations do (${title})`, () => {
      const more = { optimizer, clipNorm: 0.5, isAlone: true };
      compare(() => buildTinyModel('mlp'), batchesOf('mlp'), more);
      compare(() => buildTinyModel('mlp'), batchesOf('mlp'), { optimizer });
    });
  }

  test('draws dropout anew for each key, and the same for the same key', () => {
    const build = (): tfl.LayersModel =>
      tfl.sequential({
        layers: [
          layers.dense({ units: 8, inputShape: [6], activation: 'relu' }),
          layers.dropout({ rate: 0.5, name: 'dropout' }),
          layers.gaussianNoise({ stddev: 0.3, name: 'noise' }),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      });
    compare(build, batchesOf('mlp'), { isAlone: true });
    const step = createCompiledStep(optionsFor(build()));
    const lossWith = (randomKey: number): number => {
      step.gradients(tinyBatch('mlp', 6, 1), { globalCount: 6, step: 0, randomKey }, ignore);
      return step.readSums().loss;
    };
    const [first, second, again] = [lossWith(1), lossWith(2), lossWith(1)];
    assert.notEqual(first, second);
    assert.equal(first, again);
    step.dispose();
  });

  test('keeps constraints and penalties', () => {
    const build = (): tfl.LayersModel =>
      tfl.sequential({
        layers: [
          layers.dense({
            units: 5,
            inputShape: [6],
            kernelConstraint: tfl.constraints.maxNorm({ maxValue: 0.5 }),
            kernelRegularizer: tfl.regularizers.l2({ l2: 0.05 }),
          }),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      });
    compare(build, batchesOf('mlp'), { isAlone: true });
    compare(build, batchesOf('mlp'), {});
  });

  test('leaves frozen layers as they are, and gives weights outside of the loss no gradient', () => {
    const build = (): tfl.LayersModel => {
      const model = buildTinyModel('mlp');
      model.layers[1]!.trainable = false;
      return model;
    };
    compare(build, batchesOf('mlp'), { isAlone: true });
    const constant = (y: tf.Tensor): tf.Tensor => tf.zerosLike(tf.cast(y, 'float32'));
    const step = createCompiledStep(optionsFor(buildTinyModel('mlp'), { loss: constant }));
    step.arena.fill(7);
    step.gradients(tinyBatch('mlp', 4, 1), { globalCount: 4, step: 0, randomKey: 1 }, ignore);
    const last = step.layout.buckets.at(-1)!;
    for (const { offset, length } of step.layout.buckets.slice(0, -1)) {
      assert.ok(step.arena.subarray(offset, offset + length).every((value) => value === 0));
    }
    assert.ok(last.length > 0);
    step.dispose();
  });

  test('adds up sub-batches, and announces every bucket once, the sums last', () => {
    const step = createCompiledStep(optionsFor(buildTinyModel('cnn')));
    const whole = tinyBatch('cnn', 8, 1);
    const options = { globalCount: 8, step: 0, randomKey: 1 };
    const order: number[] = [];
    step.gradients(whole, options, (bucket) => order.push(bucket));
    assert.deepEqual(order, [...step.layout.buckets.keys()]);
    const expected = step.arena.slice(0, step.layout.state.offset);
    for (const part of [0, 1]) {
      step.gradients(sliceOf(whole, part, 2), { ...options, accumulate: part > 0 }, ignore);
    }
    assert.ok(relativeDifference(step.arena, expected) < 1e-5);
    assert.equal(step.readSums().count, 8);
    step.dispose();
  });

  test('takes part in a step without a sample of its own', () => {
    const step = createCompiledStep(optionsFor(buildTinyModel('mlp')));
    const none = { x: new Float32Array(0), y: new Int32Array(0), count: 0 };
    step.gradients(none, { globalCount: 4, step: 0, randomKey: 1 }, ignore);
    assert.equal(step.readSums().count, 0);
    step.dispose();
  });

  test('goes on from a state to the same bits, whatever was computed before', () => {
    const name = 'batchNormalization';
    const straight = createCompiledStep(optionsFor(buildTinyModel(name), { isAlone: true }));
    const batchOf = batchesOf(name);
    const half = createCompiledStep(optionsFor(buildTinyModel(name), { isAlone: true }));
    half.restore(straight.state());
    const first = (index: number): StepBatch => batchOf(index);
    for (let index = 0; index < 5; index++) {
      for (const step of [straight, half]) {
        const batch = first(index);
        step.gradients(batch, { globalCount: batch.count, step: index, randomKey: index }, ignore);
        step.apply({ learningRate: 0.01, step: index });
      }
    }
    const saved = half.state();
    half.dispose();
    const resumed = createCompiledStep(optionsFor(buildTinyModel(name), { isAlone: true }));
    resumed.restore(saved);
    assert.equal(resumed.iteration, 5);
    assert.deepEqual(train(resumed, batchOf, 5), train(straight, batchOf, 5));
    straight.dispose();
    resumed.dispose();
  });

  test('shows its weights to whoever reads the model', () => {
    const model = buildTinyModel('mlp');
    const step = createCompiledStep(optionsFor(model, { isAlone: true }));
    const before_ = model.getWeights()[0]!.dataSync().slice();
    train(step, batchesOf('mlp'));
    const after_ = model.getWeights()[0]!.dataSync().slice();
    assert.notDeepEqual(after_, before_);
    assert.deepEqual(after_, step.state()[0]!.data);
    step.dispose();
  });

  test('changes nothing where loss or gradient are no numbers', () => {
    for (const isAlone of [true, false]) {
      const step = createCompiledStep(optionsFor(buildTinyModel('mlp'), { isAlone }));
      train(step, batchesOf('mlp'));
      const state = step.state();
      const batch = tinyBatch('mlp', 6, 1);
      batch.x[3] = NaN;
      step.gradients(batch, { globalCount: 6, step: 41, randomKey: 1 }, ignore);
      assert.throws(
        () => step.apply({ learningRate: 0.01, step: 41 }),
        (error: unknown) => error instanceof Failure && error.reason === 'NumericError',
      );
      assert.deepEqual(step.state(), state);
      step.dispose();
    }
  });

  describe('stays eager and says why', () => {
    const build = (): tfl.LayersModel => buildTinyModel('mlp');
    const losses: Readonly<Record<string, { loss: StepOptions['loss']; reason: RegExp }>> = {
      'where the loss reads a value': {
        loss: (y, p) => tf.mul(crossEntropy(y, p), tf.sum(p).dataSync<'float32'>()[0]! > 0 ? 1 : 2),
        reason: /^the step cannot be a graph: it reads the value of a tensor on the way$/,
      },
      'where numbers are drawn in JavaScript': {
        loss: (y, p) => tf.mul(crossEntropy(y, p), tf.randomUniform([p.shape[0]!], 1, 1.001)),
        reason: /computes a number outside of TensorFlow that changes from step to step/,
      },
    };
    for (const [title, { loss, reason }] of Object.entries(losses)) {
      test(title, () => {
        const step = createCompiledStep(optionsFor(build(), { loss, isAlone: true }));
        const { losses: found } = train(step, batchesOf('mlp'));
        assert.equal(step.execution.mode, 'eager');
        assert.match(step.execution.reason, reason);
        assert.ok(found.every(Number.isFinite));
        assert.equal(step.iteration, 12);
        step.dispose();
      });
    }
  });

  test('leaves no tensor and no native handle behind', () => {
    const step = createCompiledStep(optionsFor(buildTinyModel('cnn'), { isAlone: true }));
    const run = (steps: number): void => {
      for (let index = 0; index < steps; index++) {
        const batch = tinyBatch('cnn', 6, index);
        step.gradients(batch, { globalCount: 6, step: index, randomKey: index }, ignore);
        step.apply({ learningRate: 0.01, step: index });
      }
    };
    run(2);
    const count = (): number[] => [tf.memory().numTensors, nodeBackend().binding.getNumOfTensors()];
    const before_ = count();
    run(50);
    assert.deepEqual(count(), before_);
    step.dispose();
  });
});

/** Training in bfloat16 against training in float32, on the real library. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { chooseBackend, knownBackends } from '../../backend/choose-backend.ts';
import { statelessDraws } from '../../backend/tensorflow/stateless-draws.ts';
import { buildModel } from '../../model/build-model.ts';
import { lossByName } from '../../model/loss.ts';
import { createEagerStep } from '../eager-step.ts';
import { uniform } from '../simulated-ranks.ts';
import type { StepBatch, TrainingStep } from '../training-step.ts';
import { createCompiledStep, type CompiledStepOptions } from './compiled-step.ts';

const classes = 3;
const samples = 24;
/** Beside noise from -1 to 1. */
const signal = 0.5;
const { layers } = tfl;

interface Network {
  /** Of a sample. */
  readonly shape: readonly number[];
  readonly layers: () => tfl.layers.Layer[];
  /** Products on the longest way from the input to the loss. */
  readonly depth: number;
}

const glorot = (seed: number): ReturnType<typeof tfl.initializers.glorotUniform> =>
  tfl.initializers.glorotUniform({ seed });
const relu = (units: number, seed: number): tfl.layers.Layer =>
  layers.dense({ units, activation: 'relu', kernelInitializer: glorot(seed) });

const networks: Readonly<Record<string, Network>> = {
  'dense layers': { shape: [12], layers: () => [relu(16, 1), relu(8, 2)], depth: 3 },
  convolutions: {
    shape: [8, 8, 3],
    layers: () => [
      layers.conv2d({
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: glorot(3),
      }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 8, kernelSize: 3, useBias: false, kernelInitializer: glorot(4) }),
      layers.batchNormalization(),
      layers.activation({ activation: 'relu' }),
      layers.dropout({ rate: 0.2, name: 'dropout' }),
      layers.flatten(),
    ],
    depth: 3,
  },
  'an LSTM': {
    shape: [5, 4],
    layers: () => [
      layers.lstm({
        units: 6,
        kernelInitializer: glorot(5),
        recurrentInitializer: glorot(6),
        recurrentActivation: 'sigmoid',
      }),
    ],
    depth: 6,
  },
};

function sequential({ shape, layers: inner }: Network): tfl.LayersModel {
  const last = layers.dense({
    units: classes,
    activation: 'softmax',
    kernelInitializer: glorot(9),
  });
  const model = tfl.sequential();
  model.add(layers.inputLayer({ inputShape: [...shape] }));
  for (const layer of [...inner(), last]) model.add(layer);
  return model;
}

/** Attention, a residual sum and layer normalization, as in an encoder's block. */
function transformer(): tfl.LayersModel {
  const from = (...names: string[]): unknown => [names.map((name) => [name, 0, 0, {}])];
  const layer = (class_name: string, name: string, config: object, inputs: unknown): object => ({
    class_name,
    name,
    config: { name, ...config },
    inbound_nodes: inputs,
  });
  return buildModel(
    {
      class_name: 'Functional',
      config: {
        name: 'transformer',
        layers: [
          layer('InputLayer', 'x', { batch_input_shape: [null, 4, 6] }, []),
          layer('Dense', 'in', { units: 8 }, from('x')),
          layer('MultiHeadAttention', 'attention', { num_heads: 2, key_dim: 4 }, from('in', 'in')),
          layer('Add', 'sum', {}, from('in', 'attention')),
          layer('LayerNormalization', 'norm', {}, from('sum')),
          layer('Dense', 'wide', { units: 16, activation: 'relu' }, from('norm')),
          layer('GlobalAveragePooling1D', 'mean', {}, from('wide')),
          layer('Dense', 'out', { units: classes, activation: 'softmax' }, from('mean')),
        ],
        input_layers: [['x', 0, 0]],
        output_layers: [['out', 0, 0]],
      },
    },
    { seed: 1 },
  );
}

interface Case {
  readonly build: () => tfl.LayersModel;
  readonly shape: readonly number[];
  readonly depth: number;
}

const cases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(networks).map(([name, network]) => [
      name,
      { ...network, build: () => sequential(network) },
    ]),
  ),
  // Projection, scores, mean, output projection and the dense layers around.
  'a transformer': { build: transformer, shape: [4, 6], depth: 7 },
};

/** Noise, and more of it in the channel of the class: learnable, and not at once. */
function batchAt(shape: readonly number[], index: number, count = samples): StepBatch {
  const size = shape.reduce((a, b) => a * b, 1);
  const channels = shape.at(-1)!;
  const next = uniform(index + 1);
  const y = Int32Array.from({ length: count }, () => Math.floor(((next() + 1) / 2) * classes));
  const x = Float32Array.from({ length: count * size }, (_, place) => {
    const isOfClass = place % channels === y[Math.floor(place / size)];
    return next() + (isOfClass ? signal : 0);
  });
  return { x, y, count };
}

function optionsFor(model: tfl.LayersModel, isAlone: boolean): CompiledStepOptions {
  return {
    model,
    loss: lossByName({ name: 'categoricalCrossentropy' }),
    metrics: [],
    optimizer: { name: 'adam', learningRate: 0.01 },
    bucketBytes: 1 << 16,
    isAlone,
  };
}

const inBfloat16 = (model: tfl.LayersModel, isAlone = true): TrainingStep =>
  createCompiledStep({ ...optionsFor(model, isAlone), precision: 'bfloat16' });

function pass(step: TrainingStep, batch: StepBatch, index: number): number {
  const options = { globalCount: batch.count, step: index, randomKey: 100 + index };
  step.gradients(batch, options, () => undefined);
  return step.readSums().loss;
}

/** The loss of each step; the last batch of four is smaller. */
function train(step: TrainingStep, shape: readonly number[], steps: number, from = 0): number[] {
  return Array.from({ length: steps - from }, (_, offset) => {
    const index = from + offset;
    const batch = batchAt(shape, index, index % 4 === 3 ? samples - 5 : samples);
    const loss = pass(step, batch, index);
    step.apply({ learningRate: 0.01, step: index });
    return loss;
  });
}

function gradientOf({ layout, arena }: TrainingStep): number[] {
  const gradients = layout.buckets.slice(0, -1);
  return gradients.flatMap(({ offset, length }) => [...arena.subarray(offset, offset + length)]);
}

function norm(values: readonly number[]): number {
  return Math.hypot(...values);
}

/** Of the second half of a training, of whose single steps chance decides. */
const endOf = (losses: readonly number[]): number =>
  losses.slice(losses.length / 2).reduce((sum, loss) => sum + loss, 0) / (losses.length / 2);

/** The greatest error of rounding to 8 bits, as a part of the value. */
const unitRoundoff = 2 ** -8;

function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return error;
  }
  return assert.fail('nothing was thrown');
}

describe('a step in bfloat16', needsTensorflowAddon(), () => {
  before(async () => {
    await chooseBackend('tensorflow', knownBackends({ home: await tensorflowAddon() }));
  });
  after(() => tf.disposeVariables());

  for (const [name, { build, shape, depth }] of Object.entries(cases)) {
    test(`has the gradient of float32 but for rounding, not to the bit (${name})`, () => {
      const exact = createEagerStep({ ...optionsFor(build(), false), draws: statelessDraws() });
      const step = inBfloat16(build(), false);
      step.restore(exact.state());
      const losses = [exact, step].map((one) => pass(one, batchAt(shape, 1), 0));
      const [expected, actual] = [exact, step].map(gradientOf);
      const difference = norm(expected!.map((value, index) => actual![index]! - value));
      // There and back, each product rounds two inputs and its result.
      const bound = 2 * depth * 3 * unitRoundoff;
      const ratio = difference / norm(expected!);

      assert.ok(ratio < bound, `${ratio} is not below ${bound}`);
      assert.ok(ratio > unitRoundoff / 16, `${ratio} is too little for bfloat16`);
      assert.ok(Math.abs(losses[1]! - losses[0]!) < bound * losses[0]!);
      assert.match(
        step.execution.reason,
        /products in bfloat16; the first gradient differs from that in float32 by [\d.]+ %$/,
      );
      assert.equal(step.execution.mode, 'compiled');
      for (const used of [exact, step]) used.dispose();
    });

    test(`learns as in float32 (${name})`, () => {
      const exact = createCompiledStep(optionsFor(build(), true));
      const step = inBfloat16(build());
      step.restore(exact.state());
      const steps = 80;
      const [expected, actual] = [exact, step].map((one) => train(one, shape, steps));
      assert.ok(endOf(actual!) < 0.9 * actual![0]!, `no progress: ${actual!.join()}`);
      const difference = Math.abs(endOf(actual!) - endOf(expected!));
      assert.ok(difference < 0.05 * endOf(expected!), `${endOf(actual!)}, ${endOf(expected!)}`);
      for (const used of [exact, step]) used.dispose();
    });
  }

  test('gives the same bits again, and after going on from a state', () => {
    const { build, shape } = cases['convolutions']!;
    const straight = inBfloat16(build());
    const start = straight.state();
    const expected = train(straight, shape, 9);
    const half = inBfloat16(build());
    half.restore(start);
    const first = train(half, shape, 5);
    const resumed = inBfloat16(build());
    resumed.restore(half.state());
    assert.deepEqual([...first, ...train(resumed, shape, 9, 5)], expected);
    const values = (step: TrainingStep): Float32Array[] => step.state().map(({ data }) => data);
    assert.deepEqual(values(resumed), values(straight));
    for (const step of [straight, half, resumed]) step.dispose();
  });

  test('gives the arena the gradients that it keeps where it is alone', () => {
    const { build, shape } = cases['an LSTM']!;
    const [alone, gang] = [true, false].map((isAlone) => inBfloat16(build(), isAlone));
    gang!.restore(alone!.state());
    assert.deepEqual(train(gang!, shape, 3), train(alone!, shape, 3));
    for (const step of [alone!, gang!]) step.dispose();
  });

  test('is refused where the step cannot be a graph: operations know no bfloat16', () => {
    const { build, shape } = cases['dense layers']!;
    const step = createCompiledStep({
      ...optionsFor(build(), true),
      loss: (_, output) => tf.mul(tf.sum(output, -1), tf.max(output).dataSync()[0]!),
      precision: 'bfloat16',
    });
    const { reason, message } = failureOf(() => pass(step, batchAt(shape, 1), 0));
    assert.equal(reason, 'BadConfig');
    assert.equal(
      message,
      'training.precision is bfloat16, which only a step that is a graph can compute in, and this one cannot be: it reads the value of a tensor on the way; set it to float32.',
    );
    step.dispose();
  });

  test('is refused where the first gradient is rounding and nothing else', () => {
    const model = tfl.sequential();
    model.add(layers.dense({ units: 1, inputShape: [2], kernelInitializer: 'ones' }));
    const step = createCompiledStep({
      ...optionsFor(model, true),
      loss: (_, output) => tf.sum(tf.square(tf.sub(output, 1)), -1),
      precision: 'bfloat16',
    });
    // 1025 - 1024 = 1 in float32; in bfloat16 1025 is 1024.
    const batch = { x: Float32Array.of(1025, -1023.9), y: Float32Array.of(0), count: 1 };
    const { reason, message } = failureOf(() => pass(step, batch, 0));
    assert.equal(reason, 'BadConfig');
    assert.match(message, /differs from that in float32 by \d+ %; set it to float32\.$/);
    step.dispose();
  });
});

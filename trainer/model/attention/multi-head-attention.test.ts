import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { wasmBackend } from '../../backend/wasm-backend.ts';
import { createEagerStep } from '../../step/eager-step.ts';
import { buildModel } from '../build-model.ts';
import { drawLayersFrom } from '../layer-draws.ts';
import { lossByName } from '../loss.ts';
import { seededDraws } from '../seeded-draws.ts';
import { MultiHeadAttention } from './multi-head-attention.ts';

const benchmark = new URL('../../../bench/step/models/transformer.json', import.meta.url);

/** Self-attention over five tokens of width 6. */
function attentionOf(config: object, options: object = {}): LayersModel {
  const input = { class_name: 'InputLayer', name: 'in', inbound_nodes: [] };
  const look = { class_name: 'MultiHeadAttention', name: 'look' };
  const topology: Topology = {
    class_name: 'Functional',
    config: {
      name: 'net',
      layers: [
        { ...input, config: { name: 'in', batch_input_shape: [null, 5, 6] } },
        {
          ...look,
          config: { name: 'look', num_heads: 2, key_dim: 3, ...config },
          inbound_nodes: [[['in', 0, 0, options]]],
        },
      ],
      input_layers: [['in', 0, 0]],
      output_layers: [['look', 0, 0]],
    },
  };
  return buildModel(topology, { seed: 1 });
}

function outputOf(model: LayersModel, x: tf.Tensor, training = false): number[] {
  return tf.tidy(() => [...(model.apply(x, { training }) as tf.Tensor).dataSync()]);
}

describe('MultiHeadAttention', () => {
  const tokens = (): tf.Tensor => tf.randomNormal([1, 5, 6], 0, 1, 'float32', 4);
  before(() => wasmBackend.open());

  test('has the weights of Keras by name and shape', () => {
    const shapes = attentionOf({ value_dim: 4, output_shape: [7] }).weights.map((weight) => [
      weight.originalName,
      weight.shape,
    ]);
    assert.deepEqual(shapes, [
      ['look/query/kernel', [6, 2, 3]],
      ['look/query/bias', [2, 3]],
      ['look/key/kernel', [6, 2, 3]],
      ['look/key/bias', [2, 3]],
      ['look/value/kernel', [6, 2, 4]],
      ['look/value/bias', [2, 4]],
      ['look/attention_output/kernel', [2, 4, 7]],
      ['look/attention_output/bias', [7]],
    ]);
  });

  test('starts with kernels drawn for the inputs and outputs of each projection', () => {
    const model = attentionOf({ num_heads: 20, key_dim: 25, output_shape: [40] });
    const greatest = (name: string): number =>
      tf.tidy(() => {
        const weight = model.weights.find(({ originalName }) => originalName === name)!;
        return tf.max(tf.abs(weight.read())).dataSync()[0]!;
      });
    // glorot_uniform: sqrt(6 / (fan_in + fan_out)), nearly reached by 3,000 draws.
    for (const [name, limit] of [
      ['look/query/kernel', Math.sqrt(6 / (6 + 500))],
      ['look/attention_output/kernel', Math.sqrt(6 / (500 + 40))],
    ] as const) {
      assert.ok(greatest(name) <= limit && greatest(name) > 0.99 * limit, name);
    }
  });

  test('with a causal mask does not see what comes later', () => {
    const model = attentionOf({}, { use_causal_mask: true });
    const x = tokens();
    const changed = tf.tidy(() => tf.add(x, tf.pad(tf.ones([1, 1, 6]), [[0, 0], [4, 0], [0, 0]])));
    const [before, after] = [outputOf(model, x), outputOf(model, changed)];
    assert.deepEqual(after.slice(0, 4 * 6), before.slice(0, 4 * 6));
    assert.notDeepEqual(after.slice(4 * 6), before.slice(4 * 6));
  }); // prettier-ignore

  test('drops probabilities in training only, as the source of draws says', () => {
    const model = attentionOf({ dropout: 0.5 });
    const draws = seededDraws();
    drawLayersFrom(model, draws);
    const x = tokens();
    const trained = (key: number): number[] => {
      draws.startPass(key);
      return outputOf(model, x, true);
    };
    assert.deepEqual(trained(1), trained(1));
    assert.notDeepEqual(trained(1), trained(2));
    assert.deepEqual(outputOf(model, x), outputOf(model, x));
    assert.notDeepEqual(outputOf(model, x), trained(1));
  });

  test('is made again from its own configuration', () => {
    const config = { numHeads: 2, keyDim: 3, valueDim: 4, dropout: 0.1, useBias: false };
    const first = new MultiHeadAttention({ ...config, outputShape: [7], name: 'look' });
    const again = new MultiHeadAttention(first.getConfig() as unknown as typeof config);
    assert.deepEqual(again.getConfig(), first.getConfig());
    assert.deepEqual(again.computeOutputShape([null, 5, 6]), [null, 5, 7]);
  });

  test('of inputs that are no sequences is refused with the shape that it takes', () => {
    const layer = new MultiHeadAttention({ numHeads: 2, keyDim: 3, name: 'look' });
    assert.throws(() => layer.build([null, 6]), /takes inputs of shape \[batch, length, width\]/);
    const shapes = [[null, 5, 6], [null, 4, 6], [null, 3, 6]]; // prettier-ignore
    assert.throws(() => layer.build(shapes), /has 4 values but 3 keys$/);
  });
});

test('the transformer of the benchmark is built and learns a batch by heart', async () => {
  await wasmBackend.open();
  const model = buildModel(JSON.parse(readFileSync(benchmark, 'utf8')) as Topology, { seed: 1 });
  const step = createEagerStep({
    ...{ model, metrics: [], bucketBytes: 1 << 20 },
    loss: lossByName({ name: 'categoricalCrossentropy' }),
    optimizer: { name: 'adam', learningRate: 1e-3 },
  });
  const x = Float32Array.from({ length: 4 * 64 * 32 }, (_, index) => Math.sin(index * index));
  const batch = { x, y: Int32Array.of(1, 7, 3, 9), count: 4 };
  const losses = Array.from({ length: 8 }, (_, index) => {
    step.gradients(batch, { globalCount: 4, step: index, randomKey: 1 }, () => undefined);
    step.apply({ learningRate: 1e-3, step: index });
    return step.readSums().loss;
  });
  assert.ok(losses.at(-1)! < losses[0]! / 4, `losses ${losses.join(', ')}`);
  step.dispose();
  model.dispose();
});

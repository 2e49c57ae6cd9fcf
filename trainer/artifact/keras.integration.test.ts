/** Files that go to Keras and come from Keras predict the same there and here. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { needsPython, python } from '../../test/python.ts';
import { buildModel } from '../model/build-model.ts';
import { loadTopology } from '../model/load-topology.ts';
import { assignWeights } from '../model/named-weights.ts';
import { savedModelOf } from '../model/saved-model-of.ts';
import { loadModel } from './load-model.ts';
import { predict, sampleInputs, sampleModels, trainedModel } from './sample-models.ts';
import { writeModel } from './write-model.ts';

interface FromKeras {
  readonly name: string;
  readonly json: Topology;
  readonly inputShapes: readonly (readonly number[])[];
  readonly inputs: readonly number[][];
  readonly predictions: readonly number[];
}

interface Judgement {
  readonly ours: Readonly<Record<string, { h5: number[]; npz: Record<string, number[]> }>>;
  readonly theirs: readonly FromKeras[];
}

const judge = (folder: string, jobs: unknown): string => `
import json, numpy as np, keras
from keras import layers as L
jobs = json.loads(r'''${JSON.stringify(jobs)}''')
ours = {}
for job in jobs:
    m = keras.models.load_model('${folder}/' + job['name'] + '/model.h5')
    x = [np.array(v, 'float32').reshape([2] + s) for v, s in zip(job['inputs'], job['inputShapes'])]
    z = np.load('${folder}/' + job['name'] + '/weights.npz')
    ours[job['name']] = {'h5': np.array(m(x if len(x) > 1 else x[0])).reshape(-1).tolist(),
                         'npz': {k: list(z[k].shape) + [float(z[k].sum())] for k in z.files}}

def shared():
    a = keras.Input((4,), name='in_a'); b = keras.Input((3,), name='in_b')
    s = L.Dense(3, name='shared', activation='relu')
    w = L.Add(name='add')([L.Dense(3, name='d1')(a), b])
    return keras.Model([a, b], L.Dense(2, name='out')(L.Concatenate(name='cat')([s(w), s(b), a])))

def nested():
    inner = keras.Sequential([L.Input((4,)), L.Dense(3, name='i1', activation='tanh')], name='inner')
    x = keras.Input((4,), name='xx')
    return keras.Model(x, L.Dense(2, name='o')(inner(x)))

def transformer():
    x = keras.Input((6,), name='words')
    h = L.Embedding(5, 8)(x)
    m = L.Dense(4, name='memory')(h)
    h = L.LayerNormalization()(L.Add()([h, L.MultiHeadAttention(2, 3, dropout=0.1)(h, h)]))
    h = L.LayerNormalization(epsilon=1e-6)(L.Add()([h, L.MultiHeadAttention(2, 3, value_dim=5)(query=h, value=m)]))
    h = L.Add()([h, L.MultiHeadAttention(3, 2)(h, m, use_causal_mask=True)])
    h = L.Add()([h, L.MultiHeadAttention(1, 4, output_shape=8, use_bias=False)(h, value=m, key=h)])
    h = L.Add()([h, L.Dense(8)(L.Dense(16, activation='gelu')(h))])
    return keras.Model(x, L.Dense(2, name='scores')(L.GlobalAveragePooling1D()(h)))

models = {
  'sequence': keras.Sequential([L.Input((6, 4)), L.Bidirectional(L.LSTM(3, return_sequences=True)),
      L.GRU(2, reset_after=False, return_sequences=True), L.TimeDistributed(L.Dense(2)),
      L.BatchNormalization(), L.LSTM(3, return_sequences=True), L.SimpleRNN(4), L.Dense(2)], name='seq'),
  'image': keras.Sequential([L.Input((8, 8, 2)), L.Rescaling(0.5), L.Conv2D(4, 3, padding='same', activation='silu', kernel_initializer='he_normal'),
      L.BatchNormalization(), L.AveragePooling2D(2), L.DepthwiseConv2D(2, depth_multiplier=2), L.LeakyReLU(0.2),
      L.Conv2DTranspose(3, 2, strides=2), L.PReLU(), L.LayerNormalization(), L.UpSampling2D(2), L.ZeroPadding2D(1),
      L.SeparableConv2D(3, 2), L.GlobalAveragePooling2D(), L.Dropout(0.2),
      L.Dense(3, activation='softmax', kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02))]),
  'shared': shared(), 'nested': nested(), 'transformer': transformer(),
}
theirs = []
rng = np.random.default_rng(1)
for name, m in models.items():
    m.set_weights([w + 0.1 * rng.random(w.shape).astype('float32') for w in m.get_weights()])
    shapes = [list(i.shape[1:]) for i in m.inputs]
    x = [rng.integers(0, 5, [2] + s).astype('float32') if name == 'transformer' else rng.standard_normal([2] + s).astype('float32') for s in shapes]
    m.save('${folder}/' + name + '.h5')
    theirs.append({'name': name, 'json': json.loads(m.to_json()), 'inputShapes': shapes,
                   'inputs': [v.reshape(-1).tolist() for v in x],
                   'predictions': np.array(m(x if len(x) > 1 else x[0])).reshape(-1).tolist()})
print(json.dumps({'ours': ours, 'theirs': theirs}))
`;

function assertClose(actual: readonly number[], wanted: readonly number[], what: string): void {
  assert.equal(actual.length, wanted.length, what);
  wanted.forEach((value, i) => {
    const difference = Math.abs(actual[i]! - value);
    assert.ok(difference <= 1e-5, `${what} [${i}]: ${actual[i]} is not ${value}`);
  });
}

describe('files for Keras', needsPython(), () => {
  let folder: string;
  let judgement: Judgement;
  const predictions: Record<string, number[]> = {};
  const sums: Record<string, Record<string, number[]>> = {};

  before(async () => {
    await tf.setBackend('cpu');
    folder = await mkdtemp(join(tmpdir(), 'tfjs-artifact-'));
    for (const sample of sampleModels) {
      const model = trainedModel(sample.topology);
      const saved = await savedModelOf(model, sample.topology);
      await writeModel(join(folder, sample.name), saved, {
        formats: ['keras-h5', 'npz'],
        quantization: 'none',
        metadata: {},
        generatedBy: 'test',
      });
      predictions[sample.name] = predict(model, sample);
      sums[sample.name] = Object.fromEntries(
        saved.layers
          .flatMap(({ weights }) => weights)
          .map(({ name, shape, data }) => [name, [...shape, data.reduce((a, b) => a + b, 0)]]),
      );
      model.dispose();
    }
    const jobs = sampleModels.map((sample) => ({ ...sample, inputs: sampleInputs(sample) }));
    judgement = JSON.parse(await python(judge(folder, jobs))) as Judgement;
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const { name } of sampleModels) {
    test(`a saved ${name} model predicts the same in Keras`, () => {
      assertClose(judgement.ours[name]!.h5, predictions[name]!, name);
    });

    test(`numpy reads the weights of a saved ${name} model by name`, () => {
      const found = judgement.ours[name]!.npz;
      assert.deepEqual(Object.keys(found), Object.keys(sums[name]!));
      for (const [weight, figures] of Object.entries(sums[name]!)) {
        figures.forEach((figure, i) => assert.ok(Math.abs(found[weight]![i]! - figure) < 1e-4));
      }
    });
  }

  test('a Keras .h5 predicts the same here, on wasm and cpu, without leaking tensors', async () => {
    for (const keras of judgement.theirs) {
      for (const backend of ['cpu', 'wasm']) {
        await tf.setBackend(backend);
        const before = tf.memory().numTensors;
        const file = join(folder, `${keras.name}.h5`);
        const { topology, weights = [] } = await loadTopology(file);
        const model = buildModel(topology, { seed: 1 });
        assignWeights(model, weights, file);
        const inputs = keras.inputs.map((values, i) =>
          tf.tensor(values, [2, ...keras.inputShapes[i]!]),
        );
        const output = model.predict(inputs.length === 1 ? inputs[0]! : inputs) as tf.Tensor;
        assertClose([...output.dataSync()], keras.predictions, `${keras.name} on ${backend}`);
        tf.dispose([...inputs, output]);
        // model.dispose() would leave the weights of a layer that is used twice.
        for (const weight of model.weights) weight.dispose();
        assert.equal(tf.memory().numTensors, before, `${keras.name} leaks on ${backend}`);
      }
    }
  });

  test('what Keras 3 writes with to_json() is the same structure as its .h5', async () => {
    for (const keras of judgement.theirs) {
      const { weights } = await loadModel(join(folder, `${keras.name}.h5`));
      const model = buildModel(keras.json, { seed: 1 });
      assignWeights(model, weights, keras.name);
      const inputs = keras.inputs.map((values, i) =>
        tf.tensor(values, [2, ...keras.inputShapes[i]!]),
      );
      const output = model.predict(inputs.length === 1 ? inputs[0]! : inputs) as tf.Tensor;
      assertClose([...output.dataSync()], keras.predictions, keras.name);
      tf.dispose([...inputs, output]);
      model.dispose();
    }
  });
});

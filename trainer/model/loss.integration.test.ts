/** Losses and metrics against Keras on TensorFlow, values and gradients, on wasm and cpu. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
// For its side effect: the gradients of all operations.
import '@tensorflow/tfjs-layers';
import type { LossConfig } from '@tfjs-operator/api/run-config.ts';
import { needsPython, python } from '../../test/python.ts';
import { lossByName } from './loss.ts';
import { metricByName } from './metric.ts';
import { randomStream } from './random-stream.ts';

const count = 7;
const random = randomStream(7, 'loss.test');
const rows = (width: number, draw: () => number): number[][] =>
  Array.from({ length: count }, () => Array.from({ length: width }, draw));
const normalized = (values: number[][]): number[][] =>
  values.map((row) => row.map((value) => value / row.reduce((a, b) => a + b, 0)));

const indices = Array.from({ length: count }, (_, i) => (i * 3) % 4);
const bits = indices.map((index) => index % 2);
const probabilities = normalized(rows(4, () => 0.05 + random.uniform()));
const logits = rows(4, () => 3 * random.normal());
const chances = rows(1, () => 0.02 + 0.96 * random.uniform());
const scores = rows(1, () => 2 * random.normal());
const truths = rows(3, () => 0.2 + random.uniform());
const guesses = rows(3, () => 0.1 + 2 * random.uniform());
const signs = rows(3, () => (random.uniform() < 0.5 ? -1 : 1));

interface Case {
  readonly loss: LossConfig;
  /** Class of keras.losses. */
  readonly keras: string;
  readonly yTrue: number[] | number[][];
  readonly yPred: number[][];
}

const perClass = (loss: LossConfig, keras: string, yPred = probabilities): Case => ({
  loss, keras, yTrue: indices, yPred,
}); // prettier-ignore
const numeric = (name: string, keras: string, yTrue = truths): Case => ({
  loss: { name }, keras, yTrue, yPred: guesses,
}); // prettier-ignore
const binary = (loss: LossConfig, yPred: number[][]): Case => ({
  loss, keras: 'BinaryCrossentropy', yTrue: bits, yPred,
}); // prettier-ignore

const cases: readonly Case[] = [
  perClass({ name: 'categoricalCrossentropy' }, 'CategoricalCrossentropy'),
  perClass({ name: 'categorical_crossentropy', labelSmoothing: 0.1 }, 'CategoricalCrossentropy'),
  perClass({ name: 'categoricalCrossentropy', fromLogits: true }, 'CategoricalCrossentropy', logits),
  perClass({ name: 'sparse_categorical_crossentropy' }, 'SparseCategoricalCrossentropy'),
  perClass({ name: 'sparseCategoricalCrossentropy', fromLogits: true }, 'SparseCategoricalCrossentropy', logits),
  perClass({ name: 'categoricalHinge' }, 'CategoricalHinge', logits),
  perClass({ name: 'kullback_leibler_divergence' }, 'KLDivergence'),
  binary({ name: 'binaryCrossentropy' }, chances),
  binary({ name: 'binary_crossentropy', labelSmoothing: 0.2 }, chances),
  binary({ name: 'binaryCrossentropy', fromLogits: true }, scores),
  numeric('mse', 'MeanSquaredError'),
  numeric('meanAbsoluteError', 'MeanAbsoluteError'),
  numeric('mape', 'MeanAbsolutePercentageError'),
  numeric('mean_squared_logarithmic_error', 'MeanSquaredLogarithmicError'),
  { loss: { name: 'huber', delta: 0.4 }, keras: 'Huber', yTrue: truths, yPred: guesses },
  numeric('logCosh', 'LogCosh'),
  numeric('log_cosh', 'LogCosh'),
  numeric('hinge', 'Hinge', signs),
  numeric('squaredHinge', 'SquaredHinge', signs),
  { loss: { name: 'hinge' }, keras: 'Hinge', yTrue: bits, yPred: scores },
  numeric('poisson', 'Poisson'),
  numeric('cosineSimilarity', 'CosineSimilarity'),
]; // prettier-ignore

interface MetricCase {
  readonly name: string;
  readonly loss: string;
  /** Expression with K for keras.metrics. */
  readonly keras: string;
  readonly yTrue: number[] | number[][];
  readonly yPred: number[][];
}

const classMetric = (name: string, keras: string): MetricCase => ({
  name, loss: 'categoricalCrossentropy', keras, yTrue: indices, yPred: probabilities,
}); // prettier-ignore
const bitMetric = (name: string, keras: string): MetricCase => ({
  name, loss: 'binaryCrossentropy', keras, yTrue: bits, yPred: chances,
}); // prettier-ignore
const numberMetric = (name: string, keras: string): MetricCase => ({
  name, loss: 'mse', keras, yTrue: truths, yPred: guesses,
}); // prettier-ignore

const metricCases: readonly MetricCase[] = [
  classMetric('accuracy', 'K.SparseCategoricalAccuracy()'),
  classMetric('categorical_accuracy', 'K.SparseCategoricalAccuracy()'),
  classMetric('sparseCategoricalAccuracy', 'K.SparseCategoricalAccuracy()'),
  classMetric('top2CategoricalAccuracy', 'K.SparseTopKCategoricalAccuracy(2)'),
  classMetric('topKCategoricalAccuracy', 'K.SparseTopKCategoricalAccuracy(5)'),
  bitMetric('acc', 'K.BinaryAccuracy()'),
  bitMetric('binaryAccuracy', 'K.BinaryAccuracy()'),
  bitMetric('precision', 'K.Precision()'),
  bitMetric('recall', 'K.Recall()'),
  bitMetric('binaryCrossentropy', 'K.BinaryCrossentropy()'),
  numberMetric('mse', 'K.MeanSquaredError()'),
  numberMetric('mae', 'K.MeanAbsoluteError()'),
  numberMetric('rmse', 'K.RootMeanSquaredError()'),
  numberMetric('cosine_similarity', 'K.CosineSimilarity()'),
  numberMetric('huber', 'K.MeanMetricWrapper(keras.losses.huber)'),
];

const judge = `
import json, sys, numpy as np, tensorflow as tf, keras
K = keras.metrics
cases, metrics = json.loads(r'''${JSON.stringify([cases, metricCases])}''')
out = []
for c in cases:
    o = c['loss']; kw = {}
    for ours, theirs in (('fromLogits','from_logits'),('labelSmoothing','label_smoothing'),('delta','delta')):
        if ours in o: kw[theirs] = o[ours]
    fn = getattr(keras.losses, c['keras'])(reduction=None, **kw)
    p = tf.Variable(np.array(c['yPred'], 'float32'))
    t = np.array(c['yTrue'])
    if t.ndim == 1 and p.shape[-1] > 1 and not c['keras'].startswith('Sparse'): t = np.eye(p.shape[-1], dtype='float32')[t]
    elif t.ndim == 1: t = t.reshape(-1, 1)
    if not c['keras'].startswith('Sparse'): t = t.astype('float32')
    with tf.GradientTape() as tape:
        v = fn(t, p)
        s = tf.reduce_sum(v)
    out.append({'values': np.array(v).reshape(-1).tolist(), 'gradient': np.array(tape.gradient(s, p)).reshape(-1).tolist()})
figures = []
for c in metrics:
    m = eval(c['keras'])
    t = np.array(c['yTrue']); t = t.reshape(-1, 1) if t.ndim == 1 else t
    p = np.array(c['yPred'], 'float32')
    m.update_state(t[:3], p[:3]); m.update_state(t[3:], p[3:])
    figures.append(float(m.result()))
print(json.dumps([out, figures]))
`;

let expected: [{ values: number[]; gradient: number[] }[], number[]];

const labels = (yTrue: number[] | number[][]): tf.Tensor =>
  typeof yTrue[0] === 'number' ? tf.tensor1d(yTrue as number[], 'int32') : tf.tensor(yTrue);

function assertClose(actual: ArrayLike<number>, wanted: readonly number[], what: string): void {
  assert.equal(actual.length, wanted.length, what);
  for (let i = 0; i < wanted.length; i++) {
    const bound = 1e-5 * Math.max(1, Math.abs(wanted[i]!));
    assert.ok(
      Math.abs(actual[i]! - wanted[i]!) <= bound,
      `${what} [${i}]: ${actual[i]} is not ${wanted[i]}`,
    );
  }
}

describe('losses and metrics', needsPython(), () => {
  before(async () => {
    expected = JSON.parse(await python(judge)) as typeof expected;
  });

  for (const backend of ['wasm', 'cpu']) {
    test(`losses and their gradients agree with Keras on ${backend}`, async () => {
      await tf.setBackend(backend);
      const before = tf.memory().numTensors;
      for (const [index, { loss, yTrue, yPred }] of cases.entries()) {
        const perSample = lossByName(loss);
        const [truth, guess] = [labels(yTrue), tf.tensor(yPred)];
        const values = perSample(truth, guess);
        const gradient = tf.grad((x) => tf.sum(perSample(truth, x)))(guess);
        const what = `${loss.name} ${JSON.stringify(loss)}`;
        assert.deepEqual(values.shape, [count]);
        assertClose(values.dataSync(), expected[0][index]!.values, what);
        assertClose(gradient.dataSync(), expected[0][index]!.gradient, `gradient of ${what}`);
        tf.dispose([truth, guess, values, gradient]);
      }
      assert.equal(tf.memory().numTensors, before);
    });

    test(`sums of metrics over two batches give Keras's figures on ${backend}`, async () => {
      await tf.setBackend(backend);
      const before = tf.memory().numTensors;
      for (const [index, { name, loss, yTrue, yPred }] of metricCases.entries()) {
        const metric = metricByName(name, { name: loss });
        const sums = Array.from({ length: metric.size }, () => 0);
        for (const [from, to] of [[0, 3], [3, count]] as const) {
          const [truth, guess] = [labels(yTrue.slice(from, to) as number[]), tf.tensor(yPred.slice(from, to))];
          const part = metric.update(truth, guess);
          part.dataSync().forEach((sum, i) => (sums[i]! += sum));
          tf.dispose([truth, guess, part]);
        }
        assertClose([metric.finalize(sums, count)], [expected[1][index]!], name);
      }
      assert.equal(tf.memory().numTensors, before);
    }); // prettier-ignore
  }
});

test('a sequence output is compared per position and averaged per sample', async () => {
  await tf.setBackend('cpu');
  const yPred = tf.tensor3d([[[0.9, 0.1], [0.2, 0.8]]]); // prettier-ignore
  const yTrue = tf.tensor2d([[0, 0]], [1, 2], 'int32');
  const [loss] = lossByName({ name: 'sparseCategoricalCrossentropy' })(yTrue, yPred).dataSync();
  assert.ok(Math.abs(loss! + (Math.log(0.9) + Math.log(0.2)) / 2) < 1e-6);
  const [hits] = metricByName('accuracy', { name: 'sparseCategoricalCrossentropy' })
    .update(yTrue, yPred)
    .dataSync();
  assert.equal(hits, 0.5);
});

test('an unknown loss or metric is refused with the nearest name', () => {
  const wrong = (name: string) => (): unknown => lossByName({ name });
  assert.throws(wrong('meanSquareError'), {
    reason: 'BadConfig',
    message: /"meanSquareError", which is no loss; did you mean "meanSquaredError"\?$/,
  });
  assert.throws(() => metricByName('acuracy', { name: 'mse' }), {
    reason: 'BadConfig',
    message: /did you mean "accuracy"\?$/,
  });
  assert.throws(() => lossByName({ name: 'mse', delta: 2 }), {
    message: /training\.loss\.delta is 2, which the loss meanSquaredError does not have/,
  });
});

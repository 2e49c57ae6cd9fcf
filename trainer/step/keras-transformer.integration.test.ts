/** A transformer from Keras trains here as there: values, gradients, and weights after some steps. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { needsPython, python } from '../../test/python.ts';
import { chooseBackend, knownBackends } from '../backend/choose-backend.ts';
import { buildModel } from '../model/build-model.ts';
import { lossByName } from '../model/loss.ts';
import { assignWeights } from '../model/named-weights.ts';
import type { NamedArray } from '../named-array.ts';
import { createEagerStep } from './eager-step.ts';
import { relativeDifference } from './simulated-ranks.ts';
import type { StepBatch, TrainingStep } from './training-step.ts';

const steps = 6;
const rate = 0.1;
const samples = 6;

const script = `
import json, keras, numpy as np, tensorflow as tf
from keras import layers as L

def block(x, memory, **options):
    h = L.MultiHeadAttention(2, 5, **options)(x, memory)
    h = L.LayerNormalization()(L.Add()([x, h]))
    return L.LayerNormalization(epsilon=1e-6)(L.Add()([h, L.Dense(8)(L.Dense(16, activation='gelu')(h))]))

def encoder():
    x = keras.Input((7, 3))
    h = L.Dense(8)(x)
    for _ in range(2):
        h = block(h, h)
    return keras.Model(x, L.Dense(3, activation='softmax')(L.GlobalAveragePooling1D()(h)))

def decoder():
    x = keras.Input((7,))
    h = L.Embedding(9, 8)(x)
    m = L.Dense(6, activation='tanh')(h)
    a = L.MultiHeadAttention(2, 4, value_dim=3, kernel_regularizer=keras.regularizers.L2(0.01))
    h = L.LayerNormalization()(L.Add()([h, a(h, h, use_causal_mask=True)]))
    h = block(h, m, use_bias=False)
    h = L.Add()([h, L.MultiHeadAttention(1, 4, output_shape=8)(query=h, value=m, key=h)])
    return keras.Model(x, L.Dense(3, activation='softmax')(L.Flatten()(h)))

rng = np.random.default_rng(7)
loss = keras.losses.CategoricalCrossentropy()
results = {}
for name, model in {'encoder': encoder(), 'decoder': decoder()}.items():
    model.set_weights([w + 0.2 * rng.standard_normal(w.shape).astype('float32') for w in model.get_weights()])
    shape = [${samples}] + list(model.inputs[0].shape[1:])
    x = (rng.integers(0, 9, shape) if name == 'decoder' else rng.standard_normal(shape)).astype('float32')
    y = rng.integers(0, 3, ${samples})
    weights = lambda: [{'name': w.path, 'shape': list(w.shape), 'data': np.array(w).ravel().tolist()} for w in model.weights]
    result = {'topology': json.loads(model.to_json()), 'weights': weights(), 'x': x.ravel().tolist(), 'y': y.tolist(),
              'prediction': np.array(model(x)).ravel().tolist()}
    optimizer = keras.optimizers.SGD(${rate}, momentum=0.9)
    for step in range(${steps}):
        with tf.GradientTape() as tape:
            value = loss(keras.utils.to_categorical(y, 3), model(x, training=True)) + sum(model.losses)
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(value, model.trainable_variables)]
        if step == 0:
            result |= {'loss': float(value), 'gradients': [np.array(g).ravel().tolist() for g in gradients]}
        optimizer.apply(gradients, model.trainable_variables)
    results[name] = result | {'trained': weights()}
print(json.dumps(results))
`;

interface Verdict {
  readonly topology: Topology;
  readonly weights: readonly ArrayOfKeras[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly prediction: readonly number[];
  readonly loss: number;
  /** By weight, in the order of the weights. */
  readonly gradients: readonly (readonly number[])[];
  readonly trained: readonly ArrayOfKeras[];
}

interface ArrayOfKeras extends Omit<NamedArray, 'data'> {
  readonly data: readonly number[];
}

/** Softmax does not see what is added to all keys: the gradient of their bias is rounding. */
const hasGradient = (name: string): boolean => !name.endsWith('key/bias');

describe('a transformer of Keras', needsPython(), () => {
  let verdicts: Readonly<Record<string, Verdict>>;
  before(async () => {
    verdicts = JSON.parse(await python(script)) as typeof verdicts;
  });

  for (const backend of ['cpu', 'wasm'] as const) {
    for (const name of ['encoder', 'decoder']) {
      test(`predicts and trains as there (${name}, ${backend})`, async () => {
        await chooseBackend(backend, knownBackends());
        const verdict = verdicts[name]!;
        const model = buildModel(verdict.topology, { seed: 1 });
        assignWeights(model, verdict.weights.map(floats), name);
        assertClose(predictionOf(model, verdict), verdict.prediction, 'the prediction');
        const step = createEagerStep({
          ...{ model, metrics: [], loss: lossByName({ name: 'categoricalCrossentropy' }) },
          ...{
            optimizer: { name: 'momentum', momentum: 0.9, learningRate: rate },
            bucketBytes: 4096,
          },
        });
        const start = gradientsOf(step, verdict, 0);
        assertClose([step.readSums().loss], [verdict.loss], 'the loss');
        verdict.weights.forEach((weight, index) => {
          if (!hasGradient(weight.name)) return;
          assertClose(
            start.get(weight.name)!,
            verdict.gradients[index]!,
            `the gradient of ${weight.name}`,
          );
        });
        for (let index = 0; index < steps; index++) {
          gradientsOf(step, verdict, index);
          step.apply({ learningRate: rate, step: index });
        }
        const trained = new Map(step.state().map((array) => [array.name, array.data]));
        for (const weight of verdict.trained.filter((each) => hasGradient(each.name))) {
          assertClose(trained.get(weight.name) ?? [], weight.data, `${weight.name} after training`);
        }
        step.dispose();
        model.dispose();
      });
    }
  }
});

function floats(array: ArrayOfKeras): NamedArray {
  return { ...array, data: Float32Array.from(array.data) };
}

function predictionOf(model: LayersModel, { x }: Verdict): Float32Array {
  return tf.tidy(() => {
    const shape = model.inputs[0]!.shape.slice(1) as number[];
    const output = model.predict(tf.tensor([...x], [samples, ...shape])) as tf.Tensor;
    return output.dataSync<'float32'>();
  });
}

/** Gradients of the mean loss by the names of the weights. */
function gradientsOf(
  step: TrainingStep,
  { x, y }: Verdict,
  index: number,
): Map<string, Float32Array> {
  const batch: StepBatch = { x: Float32Array.from(x), y: Int32Array.from(y), count: samples };
  step.gradients(batch, { globalCount: samples, step: index, randomKey: 1 }, () => undefined);
  const variables = step.layout.buckets.flatMap((bucket) => bucket.variables);
  return new Map(
    variables.map(({ name, offset, length }) => [name, step.arena.slice(offset, offset + length)]),
  );
}

function assertClose(actual: ArrayLike<number>, wanted: readonly number[], what: string): void {
  const difference = relativeDifference(Float32Array.from(actual), [...wanted]);
  assert.ok(difference < 1e-4, `${what} differs by ${difference}`);
}

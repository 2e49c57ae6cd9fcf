/** BatchNormalization on tensorflow, with Keras as the judge. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { needsPython, python } from '../../../test/python.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { relativeDifference } from '../../step/simulated-ranks.ts';
import { cpuBackend } from '../cpu-backend.ts';
import { randomFloats } from '../layer-cases.testing.ts';
import { countOperations, type OperationCounts } from './operation-counts.testing.ts';
import { tensorflowBackend } from './tensorflow-backend.ts';

const epsilon = 0.01;
const momentum = 0.8;
/** Of the greatest value; sums of up to 160 numbers in single precision. */
const tolerance = 2e-6;
/** The variance of a batch this small shows whether it has Bessel's correction. */
const settings: readonly Omit<Settings, 'axis'>[] = [
  { shape: [4, 3] },
  { shape: [4, 5, 3] },
  { shape: [4, 5, 8, 3] },
  { shape: [2, 2, 1, 3] },
  { shape: [4, 5, 3], scale: false },
  { shape: [4, 5, 3], center: false },
];
/** tfjs has no gradient for these on any backend. */
const otherAxes: readonly Settings[] = [
  { shape: [4, 3, 5], axis: 1 },
  { shape: [4, 5, 3, 2], axis: -2 },
];
interface Settings {
  readonly shape: readonly number[];
  readonly axis?: number;
  readonly scale?: boolean;
  readonly center?: boolean;
}

interface Given extends Required<Settings> {
  readonly x: readonly number[];
  readonly dy: readonly number[];
  readonly gamma: readonly number[];
  readonly beta: readonly number[];
}

function given({ shape, axis = -1, scale = true, center = true }: Settings): Given {
  const size = tf.util.sizeFromShape([...shape]);
  const numbers = (count: number, seed: number, shift = 0): number[] =>
    Array.from(randomFloats(count, seed), (value) => 2 * value + shift);
  return {
    ...{ shape, axis, scale, center },
    x: numbers(size, 1, 0.7),
    dy: numbers(size, 2, 0.2),
    gamma: numbers(3, 3, 1),
    beta: numbers(3, 4),
  };
}

async function byKeras(cases: readonly Given[]): Promise<number[][][]> {
  const output = await python(`
import json, keras, numpy as np, tensorflow as tf
results = []
for case in json.loads('''${JSON.stringify(cases)}'''):
    array = lambda name: np.array(case[name], 'float32')
    options = {key: case[key] for key in ['axis', 'scale', 'center']}
    layer = keras.layers.BatchNormalization(epsilon=${epsilon}, momentum=${momentum}, **options)
    layer.build((None, *case['shape'][1:]))
    if case['scale']: layer.gamma.assign(array('gamma'))
    if case['center']: layer.beta.assign(array('beta'))
    x = tf.Variable(array('x').reshape(case['shape']))
    with tf.GradientTape() as tape:
        y = layer(x, training=True)
        loss = tf.reduce_sum(y * array('dy').reshape(case['shape']))
    gradients = tape.gradient(loss, [x, *[v.value for v in layer.trainable_variables]])
    values = [y, *gradients, layer.moving_mean, layer.moving_variance]
    results.append([np.array(value).ravel().tolist() for value in values])
print(json.dumps(results))
`);
  return JSON.parse(output) as number[][][];
}

/** Output, gradients by the input and the trainable weights, moving mean and variance. */
function byLayer({ shape, x, dy, gamma, beta, ...options }: Given): number[][] {
  const layer = tfl.layers.batchNormalization({ epsilon, momentum, ...options });
  layer.apply(tfl.input({ shape: shape.slice(1) }));
  const parameters = [...(options.scale ? [gamma] : []), ...(options.center ? [beta] : [])];
  return tf.tidy(() => {
    layer.trainableWeights.forEach((weight, index) =>
      weight.write(tf.tensor1d([...parameters[index]!])),
    );
    const input = tf.variable(tf.tensor([...x], [...shape]));
    const weights = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const inputs = [input, ...weights];
    let output: tf.Tensor | undefined;
    const { grads } = tf.variableGrads(() => {
      output = tf.keep(layer.apply(input, { training: true }) as tf.Tensor);
      return tf.sum(tf.mul(output, tf.tensor([...dy], [...shape])));
    }, inputs);
    const moving = layer.nonTrainableWeights.map((weight) => weight.read());
    const tensors = [output!, ...inputs.map(({ name }) => grads[name]!), ...moving];
    const values = tensors.map((tensor) => Array.from(tensor.dataSync()));
    tf.dispose([output!, input]);
    return values;
  });
}

function assertClose(actual: readonly number[][], expected: readonly number[][]): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((values, index) => {
    const error = relativeDifference(actual[index]!, values);
    assert.ok(error <= tolerance, `quantity ${index} differs by ${error}`);
  });
}

describe(
  'BatchNormalization on tensorflow',
  { ...needsTensorflowAddon(), ...needsPython() },
  () => {
    const cases = [...settings, ...otherAxes].map(given);
    let expected: number[][][] = [];
    before(async () => {
      await cpuBackend.open();
      await tensorflowBackend({ home: await tensorflowAddon() }).open();
      expected = await byKeras(cases);
    });

    cases.forEach((one, index) => {
      test(`trains as Keras does, in two operations (${nameOf(one)})`, () => {
        let actual: number[][] = [];
        const counts = countOperations(() => (actual = byLayer(one)));
        assertClose(actual, expected[index]!);
        assert.deepEqual(normalizations(counts), ['FusedBatchNormGradV3', 'FusedBatchNormV3']);
        assert.ok(!counts.has('Rsqrt'));
      });
    });

    test('leaves other backends to tfjs', async () => {
      assert.ok(await tf.setBackend('cpu'));
      assertClose(byLayer(cases[2]!), expected[2]!);
      assert.ok(await tf.setBackend('tensorflow'));
    });

    test('leaves no tensor behind', () => {
      const count = (): number => {
        const { numTensors } = tf.memory();
        byLayer(cases[2]!);
        return tf.memory().numTensors - numTensors;
      };
      // The layer's own four weights, which nobody disposes here.
      assert.equal(count(), 4);
    });
  },
);

function nameOf({ shape, axis, scale, center }: Given): string {
  const without = [...(scale ? [] : ['scale']), ...(center ? [] : ['offset'])];
  const suffix = without.length === 0 ? '' : ` without ${without.join()}`;
  return `${shape.join(' x ')}, channels at ${axis}${suffix}`;
}

function normalizations(counts: OperationCounts): string[] {
  return [...counts.keys()].filter((name) => name.includes('BatchNorm')).sort();
}

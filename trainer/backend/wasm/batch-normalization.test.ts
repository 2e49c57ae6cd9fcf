import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { cpuBackend } from '../cpu-backend.ts';
import { randomFloats, relativeError } from '../layer-cases.testing.ts';
import { wasmBackend } from '../wasm-backend.ts';

before(async () => {
  await cpuBackend.open();
  await wasmBackend.open();
});

interface Outcome {
  readonly output: number[];
  readonly moving: number[][];
  readonly gradients: number[][];
}

/** One training pass of a layer with fixed weights, and its gradients. */
async function trainOn(backend: 'cpu' | 'wasm', shape: readonly number[]): Promise<Outcome> {
  assert.ok(await tf.setBackend(backend));
  const layer = tfl.layers.batchNormalization({ epsilon: 1e-3 });
  layer.build([...shape]);
  layer.weights.forEach((weight, index) => {
    const values = randomFloats(weight.shape[0]!, index + 2).map((value) => 1.5 + value);
    weight.write(tf.tensor(values));
  });
  return tf.tidy(() => {
    const size = shape.reduce((product, length) => product * length, 1);
    const x = tf.tensor(randomFloats(size, 1), [...shape]);
    const dy = tf.tensor(randomFloats(size, 9), [...shape]);
    let output: number[] = [];
    const weights = layer.trainableWeights.map((weight) => weight.read());
    const gradients = tf.grads((input) => {
      const y = layer.apply(input!, { training: true }) as tf.Tensor;
      output = Array.from(y.dataSync());
      return tf.sum(tf.mul(y, dy));
    })([x, ...weights]);
    return {
      output,
      moving: layer.nonTrainableWeights.map((weight) => Array.from(weight.read().dataSync())),
      gradients: gradients.map((gradient) => Array.from(gradient.dataSync())),
    };
  });
}

test('a pass and its gradients equal those of the cpu backend for any number of channels', async () => {
  for (const shape of [
    [7, 1],
    [2, 3, 5, 3],
    [900, 9],
    [3, 30, 30, 4],
    [2, 2, 5000],
    [5, 18],
  ]) {
    const expected = await trainOn('cpu', shape);
    const actual = await trainOn('wasm', shape);
    const compare = (name: string, one: readonly number[], two: readonly number[]): void => {
      const error = relativeError(one, two);
      assert.ok(error <= 2e-5, `${name} for [${shape}] differs by ${error}`);
    };
    compare('output', actual.output, expected.output);
    expected.moving.forEach((values, index) =>
      compare(`statistic ${index}`, actual.moving[index]!, values),
    );
    expected.gradients.forEach((values, index) =>
      compare(`gradient ${index}`, actual.gradients[index]!, values),
    );
  }
});

test('a large mean takes no digits from the variance', async () => {
  assert.ok(await tf.setBackend('wasm'));
  const rows = 6000;
  const values = randomFloats(rows, 3).map((value) => 4096 + value);
  const mean = values.reduce((sum, value) => sum + value, 0) / rows;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
  const layer = tfl.layers.batchNormalization({ momentum: 0 });
  layer.build([rows, 1]);
  tf.tidy(() => layer.apply(tf.tensor2d(values, [rows, 1]), { training: true }) as tf.Tensor);
  const [movingMean, movingVariance] = layer.nonTrainableWeights.map(
    (weight) => weight.read().dataSync()[0]!,
  );
  assert.ok(Math.abs(movingMean! - mean) <= 4096 * 2 ** -23);
  assert.ok(Math.abs(movingVariance! / variance - 1) <= 1e-4);
});

test('the pass of inference stays that of tfjs', async () => {
  assert.ok(await tf.setBackend('wasm'));
  const layer = tfl.layers.batchNormalization({ epsilon: 1 });
  const output = tf.tidy(() =>
    Array.from((layer.apply(tf.tensor2d([[2], [4]])) as tf.Tensor).dataSync()),
  );
  assert.ok(relativeError(output, [2 / Math.SQRT2, 4 / Math.SQRT2]) <= 1e-6);
});

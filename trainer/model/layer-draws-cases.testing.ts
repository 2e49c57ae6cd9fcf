/**
 * For tests: what dropout and noise must do whatever source they draw from, on any backend. Bounds
 * are five standard deviations of what is counted, and all draws are seeded: nothing here flickers.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildModel } from './build-model.ts';
import { drawLayersFrom, type LayerDraws } from './layer-draws.ts';
import { randomKeyOf } from './random-key.ts';

/** Of a count or a mean; exceeded once in 1.7 million. */
const deviations = 5;
const key = { seed: 7, rank: 0, step: 5 } as const;

const layer = (className: string, config: object): object => ({ class_name: className, config });

const kinds: Readonly<Record<string, object>> = {
  Dropout: layer('Dropout', { rate: 0.5 }),
  'Dropout with a noise shape': layer('Dropout', { rate: 0.5, noise_shape: [null, 1, 8] }),
  SpatialDropout1D: layer('SpatialDropout1D', { rate: 0.5 }),
  GaussianNoise: layer('GaussianNoise', { stddev: 1 }),
  GaussianDropout: layer('GaussianDropout', { rate: 0.5 }),
  AlphaDropout: layer('AlphaDropout', { rate: 0.5 }),
  'LSTM with dropout': layer('LSTM', { units: 4, dropout: 0.5 }),
  'GRU with recurrent dropout': layer('GRU', { units: 4, recurrent_dropout: 0.5 }),
  'SimpleRNN in both directions': layer('Bidirectional', {
    layer: layer('SimpleRNN', { units: 3, dropout: 0.5, recurrent_dropout: 0.5 }),
  }),
};

/** @param newDraws a source for tfjs's current backend. */
export function testLayerDraws(newDraws: () => LayerDraws): void {
  interface Subject {
    readonly model: LayersModel;
    readonly draws: LayerDraws;
  }
  const build = (layers: readonly object[], shape: readonly number[] = [6, 8]): Subject => {
    const input = layer('InputLayer', { batch_input_shape: [null, ...shape] });
    const config = { layers: [input, ...layers] };
    const model = buildModel({ class_name: 'Sequential', config }, { seed: 1 });
    const draws = newDraws();
    drawLayersFrom(model, draws);
    return { model, draws };
  };
  const run = (
    { model, draws }: Subject,
    parts: typeof key | { readonly seed: number; readonly rank: number; readonly step: number },
    { count = 3, training = true } = {},
  ): Float32Array =>
    tf.tidy(() => {
      draws.startPass(randomKeyOf(parts));
      const x = tf.ones([count, ...model.inputs[0]!.shape.slice(1)] as number[]);
      return (model.apply(x, { training }) as tf.Tensor).dataSync<'float32'>().slice();
    });

  for (const [name, kind] of Object.entries(kinds)) {
    test(`${name} draws the same again for the same seed, rank and step only`, () => {
      const subject = build([kind]);
      const first = run(subject, key);
      assert.notDeepEqual(run(subject, { ...key, step: 6 }), first);
      assert.notDeepEqual(run(subject, { ...key, rank: 1 }), first);
      assert.notDeepEqual(run(subject, { ...key, seed: 8 }), first);
      assert.deepEqual(run(subject, key), first);
      assert.deepEqual(run(build([kind]), key), first, 'in a new process');
    });

    test(`${name} does nothing at random in inference`, () => {
      const subject = build([kind]);
      const first = run(subject, key, { training: false });
      assert.deepEqual(run(subject, { ...key, step: 6 }, { training: false }), first);
    });
  }

  for (const rate of [0.1, 0.5, 0.8]) {
    test(`dropout of ${rate} zeroes that share and keeps the mean`, () => {
      const values = run(build([layer('Dropout', { rate })], [100, 10]), key, { count: 40 });
      const zeros = values.filter((value) => value === 0).length;
      const expected = values.length * rate;
      const spread = Math.sqrt(values.length * rate * (1 - rate));
      assert.ok(Math.abs(zeros - expected) < deviations * spread, `${zeros} zeros`);
      const kept = values.filter((value) => value !== 0);
      assert.ok(kept.every((value) => Math.abs(value - 1 / (1 - rate)) < 1e-6));
    });
  }

  test('dropout at the rates 0 and 1 passes its input on, as TensorFlow.js does', () => {
    for (const rate of [0, 1]) {
      assert.ok(run(build([layer('Dropout', { rate })]), key).every((value) => value === 1));
    }
  });

  test('a mask is the same along the axes of size 1 of its noise shape', () => {
    const subject = build([layer('SpatialDropout1D', { rate: 0.5 })], [6, 50]);
    const values = run(subject, key, { count: 4 });
    values.forEach((value, index) => {
      const [sample, channel] = [Math.floor(index / 300), index % 50];
      assert.equal(value, values[sample * 300 + channel]);
    });
    const zeros = values.filter((value) => value === 0).length / 6;
    assert.ok(Math.abs(zeros - 100) < deviations * Math.sqrt(50), `${zeros} of 200 channels`);
  });

  test('two dropout layers of a model draw different masks', () => {
    const dropout = layer('Dropout', { rate: 0.5 });
    const values = run(build([dropout, dropout], [100, 10]), key);
    const kept = values.filter((value) => value !== 0).length;
    // A quarter survives two masks, a half would survive the same one twice.
    const spread = Math.sqrt(values.length * 0.25 * 0.75);
    assert.ok(Math.abs(kept - values.length / 4) < deviations * spread, `${kept} survive`);
  });

  test('gates of a recurrent layer draw masks of their own', () => {
    // With dropout of the state as well, the layer is tfjs's own composition.
    const options = { name: 'lstm', units: 4, dropout: 0.5, recurrent_dropout: 0.5 };
    const subject = build([layer('LSTM', options)]);
    run(subject, key);
    const { cell } = subject.model.getLayer('lstm') as unknown as {
      readonly cell: { readonly dropoutMask: readonly tf.Tensor[] };
    };
    const masks = cell.dropoutMask.map((mask) => mask.dataSync().join());
    assert.equal(new Set(masks).size, 4);
  });

  const moments: Readonly<Record<string, { readonly kind: object; readonly deviation: number }>> = {
    'Gaussian noise': { kind: layer('GaussianNoise', { stddev: 0.3 }), deviation: 0.3 },
    // sqrt(rate / (1 - rate)), Srivastava et al. 2014.
    'Gaussian dropout': { kind: layer('GaussianDropout', { rate: 0.2 }), deviation: 0.5 },
  };
  for (const [name, { kind, deviation }] of Object.entries(moments)) {
    test(`${name} has mean and deviation of its definition`, () => {
      const values = run(build([kind], [100, 10]), key, { count: 40 });
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const error = deviation / Math.sqrt(values.length);
      assert.ok(Math.abs(mean - 1) < deviations * error, `mean ${mean}`);
      const measured = Math.sqrt(squares / values.length);
      assert.ok(Math.abs(measured - deviation) < deviations * error, `deviation ${measured}`);
    });
  }

  test('the gradient passes through the mask that the forward pass used', () => {
    const { model, draws } = build([layer('Dropout', { rate: 0.5 })]);
    tf.tidy(() => {
      draws.startPass(randomKeyOf(key));
      const x = tf.ones([3, 6, 8]);
      let output: tf.Tensor | undefined;
      const gradient = tf.grad((input: tf.Tensor) => {
        output = tf.keep(model.apply(input, { training: true }) as tf.Tensor);
        return tf.sum(output);
      })(x);
      // For an input of ones the output is the mask.
      assert.deepEqual(gradient.dataSync(), output!.dataSync());
      output!.dispose();
    });
  });
}

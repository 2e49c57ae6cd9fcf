/** Dropout and noise follow (seed, rank, step), whatever was computed before. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildModel } from './build-model.ts';
import { setStepSeed } from './step-seed.ts';

const layer = (className: string, config: object): object => ({ class_name: className, config });
const build = (...layers: readonly object[]): LayersModel =>
  buildModel(
    {
      class_name: 'Sequential',
      config: { layers: [layer('InputLayer', { batch_input_shape: [null, 6, 8] }), ...layers] },
    },
    { seed: 1, dropoutSeed: 2 },
  );

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

const run = (model: LayersModel, training: boolean): Float32Array =>
  tf.tidy(() => {
    const x = tf.ones([3, 6, 8]);
    return (model.apply(x, { training }) as tf.Tensor).dataSync<'float32'>();
  });

const at = (model: LayersModel, seed: number, rank: number, step: number): Float32Array => {
  setStepSeed(model, { seed, rank, step });
  return run(model, true);
};

beforeEach(async () => {
  await tf.setBackend('cpu');
});

for (const [name, kind] of Object.entries(kinds)) {
  test(`${name} draws the same again for the same seed, rank and step only`, () => {
    const model = build(kind);
    const first = at(model, 7, 0, 5);
    assert.notDeepEqual(at(model, 7, 0, 6), first);
    assert.notDeepEqual(at(model, 7, 1, 5), first);
    assert.notDeepEqual(at(model, 8, 0, 5), first);
    assert.deepEqual(at(model, 7, 0, 5), first);
    assert.deepEqual(at(build(kind), 7, 0, 5), first, 'in a new process');
  });

  test(`${name} does nothing at random in inference`, () => {
    const model = build(kind);
    setStepSeed(model, { seed: 1, rank: 0, step: 1 });
    const first = run(model, false);
    setStepSeed(model, { seed: 1, rank: 0, step: 2 });
    assert.deepEqual(run(model, false), first);
  });
}

test('two dropout layers of a model draw different masks', () => {
  const model = build(layer('Dropout', { rate: 0.5 }), layer('Dropout', { rate: 0.5 }));
  const kept = at(model, 1, 0, 0).filter((value) => value !== 0).length;
  // 144 values: a quarter survives two masks, a half would survive the same one twice.
  assert.ok(kept > 18 && kept < 54, `${kept} of 144 survive`);
});

test('gates of a recurrent layer draw masks of their own', () => {
  const model = build(layer('LSTM', { name: 'lstm', units: 4, dropout: 0.5 }));
  setStepSeed(model, { seed: 1, rank: 0, step: 0 });
  run(model, true);
  const { cell } = model.getLayer('lstm') as unknown as {
    readonly cell: { readonly dropoutMask: readonly tf.Tensor[] };
  };
  const masks = cell.dropoutMask.map((mask) => mask.dataSync().join());
  assert.equal(new Set(masks).size, 4);
});

test('noise keeps mean and variance of its definition', () => {
  const noisy = at(build(kinds['GaussianNoise']!), 3, 0, 1);
  const mean = noisy.reduce((a, b) => a + b, 0) / noisy.length;
  assert.ok(Math.abs(mean - 1) < 0.3, `mean ${mean}`);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AugmentationConfig } from '@tfjs-operator/api/run-config.ts';
import { needsPython, python } from '../../test/python.ts';
import { createAugmenter } from './augmentation.ts';
import { createRandom } from './random.ts';

const [height, width] = [7, 10];
const picture = Float32Array.from({ length: height * width }, (_, i) => 1 + ((i * 37) % 100));
const key = (position: number) => ({ seed: 4, epoch: 2, position });

function moved(entries: AugmentationConfig[], position: number): number[] {
  return Array.from(createAugmenter(entries, [height, width, 1])(picture, key(position)).moved);
}

/** The picture moved by whole pixels, 0 from outside. */
function shifted(dx: number, dy: number): number[] {
  return Array.from(picture, (_, at) => {
    const [x, y] = [(at % width) - dx, Math.floor(at / width) - dy];
    return x < 0 || y < 0 || x >= width || y >= height ? 0 : picture[y * width + x]!;
  });
}

test('A shift moves by whole pixels up to the amount, in all directions, and changes no value', () => {
  const whole = [-2, -1, 0, 1, 2].flatMap((dx) => [-2, -1, 0, 1, 2].map((dy) => shifted(dx, dy)));
  const known = new Set(whole.map((pixels) => JSON.stringify(pixels)));
  const seen = new Set<string>();
  for (let position = 0; position < 400; position++) {
    seen.add(JSON.stringify(moved([{ name: 'shift', amount: 2 }], position)));
  }
  assert.deepEqual(seen, known);
});

test('A flip mirrors exactly, with the probability of its amount', () => {
  const mirrored = Array.from(
    picture,
    (_, at) => picture[at - (at % width) + width - 1 - (at % width)]!,
  );
  let flips = 0;
  for (let position = 0; position < 1000; position++) {
    const result = moved([{ name: 'flipHorizontal', amount: 0.3 }], position);
    if (result[0] !== picture[0]) {
      flips++;
      assert.deepEqual(result, mirrored);
    } else assert.deepEqual(result, Array.from(picture));
  }
  assert.ok(flips > 240 && flips < 360, `${flips} flips of 1000`);
});

test(
  'A rotation is the one of scipy for the angle that was drawn, within the amount',
  needsPython(),
  async () => {
    const results = Array.from({ length: 6 }, (_, position) => ({
      pixels: moved([{ name: 'rotate', amount: 30 }], position),
      degrees: (2 * createRandom([3, 4, 2, position])() - 1) * 30,
    }));
    const worst = await python(`
import numpy as np
from scipy.ndimage import affine_transform
a = np.array(${JSON.stringify([...picture])}, dtype=float).reshape(${height}, ${width})
c = (np.array(a.shape) - 1) / 2
worst = 0
for result in ${JSON.stringify(results)}:
    r = np.deg2rad(result['degrees'])
    m = np.array([[np.cos(r), -np.sin(r)], [np.sin(r), np.cos(r)]])
    turned = affine_transform(a, m, offset=c - m @ c, order=1, mode='grid-constant', cval=0)
    worst = max(worst, np.abs(turned - np.array(result['pixels']).reshape(a.shape)).max())
print(worst)
`);
    assert.ok(Number(worst) < 1e-4, `differs by ${worst}`);
  },
);

test('Entries apply in the order of the list', () => {
  const entries: AugmentationConfig[] = [
    { name: 'flipHorizontal', amount: 1 },
    { name: 'shift', amount: 3 },
  ];
  const flipped = createAugmenter([entries[0]!], [height, width])(picture, key(0)).moved;
  const random = createRandom([3, 4, 2, 5]);
  random();
  const [dx, dy] = [Math.floor(random() * 7) - 3, Math.floor(random() * 7) - 3];
  assert.notEqual(dx, 0);
  const expected = Array.from(picture, (_, at) => {
    const [x, y] = [(at % width) - dx, Math.floor(at / width) - dy];
    return x < 0 || y < 0 || x >= width || y >= height ? 0 : flipped[y * width + x]!;
  });
  assert.deepEqual(moved(entries, 5), expected);
});

test('Channels move together', () => {
  const rgb = Float32Array.from({ length: 5 * 5 * 3 }, (_, i) => Math.floor(i / 3) + 100 * (i % 3));
  const result = createAugmenter([{ name: 'rotate', amount: 0.001 }], [5, 5, 3])(rgb, key(1)).moved;
  const middle = 3 * 12;
  assert.deepEqual(
    [result[middle], result[middle + 1], result[middle + 2]].map((v) => Math.round(v!)),
    [12, 112, 212],
  );
});

test('Noise is normal with the amount as deviation', () => {
  const sample = new Float32Array(50001);
  createAugmenter([{ name: 'noise', amount: 0.5 }], [50001])(sample, key(0)).addNoise(sample);
  const mean = sample.reduce((sum, v) => sum + v, 0) / sample.length;
  const variance = sample.reduce((sum, v) => sum + (v - mean) ** 2, 0) / sample.length;
  const within = sample.filter((v) => Math.abs(v) < 0.5).length / sample.length;
  assert.ok(Math.abs(mean) < 0.01 && Math.abs(Math.sqrt(variance) - 0.5) < 0.01);
  assert.ok(Math.abs(within - 0.6827) < 0.01);
});

test('The same key gives the same sample; another position, epoch or seed another one', () => {
  const entries: AugmentationConfig[] = [{ name: 'rotate', amount: 20 }];
  assert.deepEqual(moved(entries, 1), moved(entries, 1));
  assert.notDeepEqual(moved(entries, 1), moved(entries, 2));
  const augment = createAugmenter(entries, [height, width, 1]);
  const other = Array.from(augment(picture, { ...key(1), epoch: 3 }).moved);
  assert.notDeepEqual(other, moved(entries, 1));
  assert.notDeepEqual(
    Array.from(augment(picture, { ...key(1), seed: 5 }).moved),
    moved(entries, 1),
  );
});

test('An entry that does not fit the samples is a fault of the config', () => {
  const bad = { reason: 'BadConfig' };
  assert.throws(() => createAugmenter([{ name: 'rotate', amount: 5 }], [784]), bad);
  assert.throws(() => createAugmenter([{ name: 'shift', amount: 0.5 }], [28, 28, 1]), bad);
});

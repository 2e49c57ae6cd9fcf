import assert from 'node:assert/strict';
import test from 'node:test';
import { createRandom } from './random.ts';
import { sliceOfStep, stepsPerEpoch } from './sampler.ts';

test('Slices over the ranks cover each step exactly once, differ by at most one, for any number of ranks', () => {
  for (const [samples, batchSize] of [
    [100, 10],
    [103, 10],
    [7, 64],
    [1, 1],
    [1000, 33],
  ] as const) {
    for (const worldSize of [1, 2, 3, 4, 5, 8, 17]) {
      const seen = new Uint8Array(samples);
      for (let stepInEpoch = 0; stepInEpoch < stepsPerEpoch(samples, batchSize); stepInEpoch++) {
        const counts: number[] = [];
        for (let rank = 0; rank < worldSize; rank++) {
          const slice = sliceOfStep({ samples, batchSize, stepInEpoch, rank, worldSize });
          counts.push(slice.end - slice.start);
          for (let at = slice.start; at < slice.end; at++) seen[at]! += 1;
          assert.equal(slice.globalCount, Math.min(batchSize, samples - stepInEpoch * batchSize));
        }
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
      }
      assert.ok(seen.every((times) => times === 1));
    }
  }
});

test('The number of ranks may change at every step and each sample is still seen once', () => {
  const random = createRandom([11]);
  for (let round = 0; round < 50; round++) {
    const samples = 1 + Math.floor(random() * 500);
    const batchSize = 1 + Math.floor(random() * 64);
    const seen = new Uint8Array(samples);
    for (let stepInEpoch = 0; stepInEpoch < stepsPerEpoch(samples, batchSize); stepInEpoch++) {
      const worldSize = 1 + Math.floor(random() * 8);
      for (let rank = 0; rank < worldSize; rank++) {
        const { start, end } = sliceOfStep({ samples, batchSize, stepInEpoch, rank, worldSize });
        for (let at = start; at < end; at++) seen[at]! += 1;
      }
    }
    assert.ok(seen.every((times) => times === 1));
  }
});

test('A tail with fewer samples than ranks leaves some ranks an empty slice', () => {
  const slices = [0, 1, 2, 3].map((rank) =>
    sliceOfStep({ samples: 66, batchSize: 64, stepInEpoch: 1, rank, worldSize: 4 }),
  );
  assert.deepEqual(slices.map(({ start, end }) => end - start).sort(), [0, 0, 1, 1]);
  assert.ok(slices.every(({ globalCount }) => globalCount === 2));
});

test('Steps and ranks that do not exist are refused', () => {
  const whole = { samples: 10, batchSize: 5, stepInEpoch: 0, rank: 0, worldSize: 2 };
  assert.throws(() => sliceOfStep({ ...whole, stepInEpoch: 2 }), RangeError);
  assert.throws(() => sliceOfStep({ ...whole, rank: 2 }), RangeError);
});

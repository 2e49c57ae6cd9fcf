import assert from 'node:assert/strict';
import test from 'node:test';
import { createRandom } from './random.ts';
import { sliceOfStep, stepsPerEpoch, type Slice } from './sampler.ts';

interface Epoch {
  readonly samples: number;
  readonly batchSize: number;
  readonly worldSizeAt: (step: number) => number;
}

/** All slices of an epoch, step by step. */
function slicesOf({ samples, batchSize, worldSizeAt }: Epoch): Slice[][] {
  return Array.from({ length: stepsPerEpoch(samples, batchSize) }, (_, stepInEpoch) => {
    const worldSize = worldSizeAt(stepInEpoch);
    return Array.from({ length: worldSize }, (_, rank) =>
      sliceOfStep({ samples, batchSize, stepInEpoch, rank, worldSize }),
    );
  });
}

/** Asserts that the slices cover [0, samples) without gap or overlap. */
function assertCovers(steps: readonly (readonly Slice[])[], samples: number): void {
  let at = 0;
  for (const { start, end } of steps.flat()) {
    assert.equal(start, at);
    at = end;
  }
  assert.equal(at, samples);
}

const shapes = [
  [100, 10],
  [103, 10],
  [7, 64],
  [1, 1],
  [1000, 33],
] as const;

for (const worldSize of [1, 2, 3, 4, 5, 8, 17]) {
  test(`Slices over ${worldSize} ranks cover each step exactly once and differ by at most one`, () => {
    for (const [samples, batchSize] of shapes) {
      const steps = slicesOf({ samples, batchSize, worldSizeAt: () => worldSize });
      assertCovers(steps, samples);
      for (const slices of steps) {
        const counts = slices.map(({ start, end }) => end - start);
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
        const total = counts.reduce((sum, count) => sum + count, 0);
        assert.ok(slices.every(({ globalCount }) => globalCount === total));
      }
    }
  });
}

test('The number of ranks may change at every step and each sample is still seen once', () => {
  const random = createRandom([11]);
  for (let round = 0; round < 200; round++) {
    const samples = 1 + Math.floor(random() * 500);
    const batchSize = 1 + Math.floor(random() * 64);
    const worldSizeAt = (): number => 1 + Math.floor(random() * 8);
    assertCovers(slicesOf({ samples, batchSize, worldSizeAt }), samples);
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

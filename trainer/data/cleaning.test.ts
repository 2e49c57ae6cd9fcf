import assert from 'node:assert/strict';
import test from 'node:test';
import type { CleaningRule } from '@tfjs-operator/api/run-config.ts';
import { failure, idx, load } from './fixtures.ts';

/** A version 1.0 npy file of little-endian float32. */
function npy(shape: readonly number[], values: readonly number[]): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const start = Buffer.from(
    `\x93NUMPY\x01\x00${String.fromCharCode(header.length)}\x00${header}`,
    'latin1',
  );
  return Buffer.concat([start, Buffer.from(Float32Array.from(values).buffer)]);
}

const x = npy([5, 2, 1], [1, 2, NaN, 2, 1, Infinity, 50, 2, 3, 4]);
const y = npy([5], [0, 1, 2, 3, 4]);
const drop = (...rules: CleaningRule['rule'][]): CleaningRule[] =>
  rules.map((rule) => ({ rule, action: 'drop' }));
const bounds = { rule: 'outOfRange', minimum: 0, maximum: 10 } as const;

test('NaN is missing, infinity unreadable, and the kept rows move up with their labels', async (t) => {
  const cleaning: CleaningRule[] = [
    ...drop('unreadable', 'missing'),
    { ...bounds, action: 'drop' },
  ];
  const data = await load(t, { x, y }, { format: 'npy', cleaning });
  assert.deepEqual([...data.features], [1, 2, 3, 4]);
  assert.deepEqual(data.classNames, ['0', '4']);
  assert.deepEqual([...data.labels], [0, 1]);
  assert.deepEqual(
    data.cleaning.map(({ rule, dropped }) => [rule, dropped]),
    [
      ['unreadable', 1],
      ['missing', 1],
      ['outOfRange', 1],
    ],
  );
});

test('Without a rule, or with action fail, the fault names file, row and column', async (t) => {
  const files = { x, y };
  assert.match(
    await failure(load(t, files, { format: 'npy' })),
    /pvc:\/\/set\/x, row 1, column \[0, 0\] \(counted from 0\): the value is NaN; correct it, or list/,
  );
  assert.match(
    await failure(load(t, files, { format: 'npy', cleaning: drop('missing') })),
    /row 2, column \[1, 0\] .*Infinity/,
  );
  const cleaning: CleaningRule[] = [
    ...drop('missing', 'unreadable'),
    { ...bounds, action: 'fail' },
  ];
  assert.match(
    await failure(load(t, files, { format: 'npy', cleaning })),
    /row 3, column \[0, 0\] .*the value 50 is outside of \[0, 10\]/,
  );
});

test('A label that is NaN is missing', async (t) => {
  const files = { x: npy([2, 1], [1, 2]), y: npy([2], [NaN, 1]) };
  assert.match(
    await failure(load(t, files, { format: 'npy' })),
    /pvc:\/\/set\/y, row 0 .*the label is NaN/,
  );
  const data = await load(t, files, { format: 'npy', cleaning: drop('missing') });
  assert.deepEqual([...data.features], [2]);
});

test('Bounds hold for bytes too, and inclusively', async (t) => {
  const files = { x: idx([3, 1], [0, 10, 11]), y: idx([3], [0, 0, 0]) };
  const data = await load(t, files, { cleaning: [{ ...bounds, action: 'drop' }] });
  assert.deepEqual([...data.features], [0, 10]);
});

test('Of several rows with the same features one stays, whatever the labels are', async (t) => {
  for (const width of [1, 3, 4, 8]) {
    const rows = [1, 2, 1, 3, 2, 1];
    const files = {
      x: idx(
        [6, width],
        rows.flatMap((v) => Array.from({ length: width }, () => v)),
      ),
      y: idx([6], [0, 1, 2, 3, 4, 5]),
    };
    const data = await load(t, files, { cleaning: drop('duplicate') });
    assert.deepEqual(data.classNames, ['0', '1', '3']);
    assert.equal(data.cleaning[0]?.dropped, 3);
  }
});

test('A training sample that is also a test sample is what is dropped', async (t) => {
  const files = {
    x: idx([3, 2], [1, 1, 2, 2, 3, 3]),
    y: idx([3], [0, 1, 2]),
    tx: idx([2, 2], [2, 2, 9, 9]),
    ty: idx([2], [1, 1]),
  };
  const split = { test: { source: { features: 'tx', labels: 'ty' } } };
  const data = await load(t, files, { split, cleaning: drop('duplicate') });
  assert.deepEqual([...data.features], [1, 1, 3, 3, 2, 2, 9, 9]);
  assert.deepEqual([...data.splits.train], [0, 1]);
  assert.deepEqual([...data.splits.test], [2, 3]);
  const fail: CleaningRule[] = [{ rule: 'duplicate', action: 'fail' }];
  assert.match(
    await failure(load(t, files, { split, cleaning: fail })),
    /set\/x, row 1 .*has the same features as pvc:\/\/set\/tx, row 0/,
  );
});

test('A set that cleaning empties says so', async (t) => {
  const files = { x: npy([1, 1], [NaN]), y: npy([1], [1]) };
  assert.match(
    await failure(load(t, files, { format: 'npy', cleaning: drop('missing') })),
    /no sample \(left after cleaning\)/,
  );
});

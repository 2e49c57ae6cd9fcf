import assert from 'node:assert/strict';
import test from 'node:test';
import { failure, idx, load } from './fixtures.ts';

const x = idx([3, 1], [1, 2, 3]);
const csv = { format: 'csv', train: { features: 'a' } } as const;

test('Numbers found are sorted as numbers, words by code unit', async (t) => {
  assert.deepEqual((await load(t, { x, y: idx([3], [10, 9, 100]) })).classNames, [
    '9',
    '10',
    '100',
  ]);
  const words = await load(t, { a: 'f,k\n1,b\n2,B\n3,a\n' }, { ...csv, labels: { column: 'k' } });
  assert.deepEqual(words.classNames, ['B', 'a', 'b']);
  assert.deepEqual([...words.labels], [2, 0, 1]);
});

test('Class names that are words are indexed by number labels', async (t) => {
  const data = await load(
    t,
    { x, y: idx([3], [2, 0, 1]) },
    { labels: { classes: ['shirt', 'shoe', 'bag'] } },
  );
  assert.deepEqual([...data.labels], [2, 0, 1]);
});

test('Class names that are numbers are names and never indices', async (t) => {
  const labels = { classes: ['1', '2', '3'] };
  const data = await load(t, { x, y: idx([3], [3, 1, 2]) }, { labels });
  assert.deepEqual([...data.labels], [2, 0, 1]);
  assert.match(
    await failure(load(t, { x, y: idx([3], [0, 1, 2]) }, { labels })),
    /set\/y, row 0 .*the label "0" is not one of the classes 1, 2, 3; add it/,
  );
});

test('The mapping comes before the class list', async (t) => {
  const labels = { mapping: { '7': 'odd', '8': 'even', '9': 'odd' } };
  const data = await load(t, { x, y: idx([3], [7, 8, 9]) }, { labels });
  assert.deepEqual(data.classNames, ['even', 'odd']);
  assert.deepEqual([...data.labels], [1, 0, 1]);
  assert.match(
    await failure(
      load(t, { x, y: idx([3], [7, 8, 9]) }, { labels: { ...labels, classes: ['odd'] } }),
    ),
    /row 1 .*the label "even" \(mapped from "8"\) is not one of the classes odd/,
  );
});

test('A measurement is no class', async (t) => {
  const half = Buffer.concat([Buffer.from([0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0, 0, 0])]);
  assert.match(
    await failure(load(t, { x: idx([1, 1], [1]), y: half })),
    /row 0 .*the label 0\.5 is not a whole number.*labels\.type to number/,
  );
});

test('Words are no numbers', async (t) => {
  assert.match(
    await failure(
      load(
        t,
        { a: 'f,k\n1,b\n' },
        { ...csv, labels: { column: 'k', type: 'number', mapping: { b: 'c' } } },
      ),
    ),
    /row 2, column "k": the label "c" is not a number/,
  );
});

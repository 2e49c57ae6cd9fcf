import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classFigures, confusionMatrix } from './confusion.ts';

test('rows are true classes, columns are predictions', () => {
  assert.deepEqual(confusionMatrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], 2), [
    [1, 1],
    [1, 2],
  ]);
});

test('figures per class are those of the textbook', () => {
  const [zero, one] = classFigures(
    [
      [8, 2],
      [4, 6],
    ],
    ['zero', 'one'],
  );
  assert.deepEqual(zero, {
    name: 'zero',
    precision: 8 / 12,
    recall: 0.8,
    f1: (2 * (8 / 12) * 0.8) / (8 / 12 + 0.8),
    support: 10,
  });
  assert.deepEqual(one, {
    name: 'one',
    precision: 0.75,
    recall: 0.6,
    f1: (2 * 0.75 * 0.6) / 1.35,
    support: 10,
  });
});

test('a class without samples has figures of 0, not NaN', () => {
  const [, empty] = classFigures(
    [
      [3, 0],
      [0, 0],
    ],
    ['a', 'b'],
  );
  assert.deepEqual(empty, { name: 'b', precision: 0, recall: 0, f1: 0, support: 0 });
});

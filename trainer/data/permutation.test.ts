import assert from 'node:assert/strict';
import test from 'node:test';
import { createPermutation } from './permutation.ts';

function orderOf(size: number, key: { seed: number; epoch: number }): number[] {
  const at = createPermutation(size, key);
  return Array.from({ length: size }, (_, i) => at(i));
}

test('A permutation is a bijection for every size and key', () => {
  const sizes = [
    ...Array.from({ length: 130 }, (_, i) => i),
    255,
    256,
    257,
    1000,
    4095,
    9973,
    60000,
  ];
  for (const size of sizes) {
    for (const key of [
      { seed: 0, epoch: 0 },
      { seed: 42, epoch: 7 },
      { seed: 2 ** 53 - 1, epoch: 1e6 },
    ]) {
      const seen = new Uint8Array(size);
      for (const index of orderOf(size, key)) seen[index]! += 1;
      assert.ok(
        seen.every((times) => times === 1),
        `${size} ${JSON.stringify(key)}`,
      );
    }
  }
});

test('The same key gives the same order; another seed, epoch or high word another one', () => {
  const order = orderOf(1000, { seed: 5, epoch: 2 });
  assert.deepEqual(orderOf(1000, { seed: 5, epoch: 2 }), order);
  for (const other of [
    { seed: 6, epoch: 2 },
    { seed: 5, epoch: 3 },
    { seed: 5 + 2 ** 32, epoch: 2 },
  ]) {
    const same = orderOf(1000, other).filter((index, at) => index === order[at]).length;
    assert.ok(same < 10, `${same} of 1000 positions are the same`);
  }
});

test('The order is fixed for ever: a checkpoint of an older version resumes in the same place', () => {
  assert.deepEqual(orderOf(8, { seed: 1, epoch: 0 }), [2, 5, 3, 4, 1, 0, 6, 7]);
});

test('Over many epochs each sample comes to each position equally often', () => {
  const [size, epochs] = [10, 20000];
  const counts = new Float64Array(size * size);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const [position, index] of orderOf(size, { seed: 3, epoch }).entries()) {
      counts[position * size + index]! += 1;
    }
  }
  const expected = epochs / size;
  const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  // 81 degrees of freedom: mean 81, standard deviation 12.7; 145 is five of them.
  assert.ok(chiSquare < 145, `chi square ${chiSquare}`);
});

test('Neighbours do not stay neighbours', () => {
  const order = orderOf(60000, { seed: 1, epoch: 0 });
  const close = order.filter((index, at) => at > 0 && Math.abs(index - order[at - 1]!) <= 1).length;
  assert.ok(close < 12, `${close} pairs, where chance gives two`);
});

test('A position outside of the range is refused', () => {
  const at = createPermutation(10, { seed: 1, epoch: 1 });
  for (const index of [-1, 10, NaN]) assert.throws(() => at(index), RangeError);
  assert.throws(() => createPermutation(-1, { seed: 1, epoch: 1 }), RangeError);
});

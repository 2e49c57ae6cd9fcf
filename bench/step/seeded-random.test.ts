import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, shuffled } from './seeded-random.ts';

test('the same seed gives the same numbers, uniform in [0, 1)', () => {
  const [a, b] = [seededRandom(3), seededRandom(3)];
  const numbers = Array.from({ length: 10_000 }, a);
  assert.deepEqual(numbers, Array.from({ length: 10_000 }, b));
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  // Standard error of the mean: 0.0029.
  assert.ok(Math.abs(mean - 0.5) < 0.01, String(mean));
  assert.ok(numbers.every((value) => value >= 0 && value < 1));
});

test('a shuffle keeps every item and comes to every order', () => {
  const random = seededRandom(1);
  const seen = new Set<string>();
  for (let index = 0; index < 200; index++) {
    const order = shuffled(['a', 'b', 'c'], random);
    assert.deepEqual(order.toSorted(), ['a', 'b', 'c']);
    seen.add(order.join(''));
  }
  assert.equal(seen.size, 6);
});

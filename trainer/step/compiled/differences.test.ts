/** What counts as another result, and what as rounding. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bfloat16Difference,
  gradientDifference,
  updateDifference,
  valuesDifference,
} from './differences.ts';
import type { PassValues } from './gradient-function.ts';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);
const pass = (sums: number[], ...gradients: number[][]): PassValues => ({
  sums: floats(...sums),
  gradients: gradients.map((values) => floats(...values)),
});

test('gradients in bfloat16 are measured all together, in parts of the norm in float32', () => {
  const expected = pass([1], [3, 0], [4]);
  assert.equal(bfloat16Difference(expected, pass([9], [3, 3], [0])), 1);
  assert.equal(bfloat16Difference(expected, expected), 0);
  assert.equal(bfloat16Difference(pass([1], [0]), pass([1], [0])), 0);
  assert.ok(Number.isNaN(bfloat16Difference(expected, pass([1], [3, NaN], [4]))));
  assert.equal(bfloat16Difference(pass([1], [Infinity]), pass([1], [0])), undefined);
});

describe('gradients', () => {
  const expected = pass([2.5, 3], [1, -2, 3], [0.5]);

  test('agree where they differ by rounding', () => {
    const found = pass([2.50001, 3], [1.00001, -2, 3], [0.50001]);
    assert.equal(gradientDifference(expected, found), undefined);
  });

  test('differ where one of them is wrong, however small beside the others', () => {
    const found = pass([2.5, 3], [1, -2, 3], [0.51]);
    assert.equal(
      gradientDifference(expected, found),
      'its graph gives another gradient (number 1, by 2.0 %)',
    );
  });

  test('differ where the loss does, or is missing', () => {
    assert.match(gradientDifference(expected, pass([2.6, 3], [1, -2, 3], [0.5]))!, /another loss/);
    assert.match(gradientDifference(expected, pass([NaN, 3], [1, -2, 3], [0.5]))!, /another loss/);
  });

  test('may be noise where they are zero but for rounding', () => {
    const still = pass([1], [1000], [1e-7]);
    assert.equal(gradientDifference(still, pass([1], [1000], [-3e-7])), undefined);
  });

  test('cannot be judged where the operations give no numbers', () => {
    const lost = pass([NaN], [NaN, 1]);
    assert.equal(gradientDifference(lost, pass([NaN], [NaN, 2])), undefined);
  });
});

describe('updates', () => {
  test('are judged by what they changed, not by how large the weights are', () => {
    const before = [floats(100, 100)];
    const expected = [floats(100.1, 99.9)];
    assert.equal(updateDifference(before, expected, [floats(100.10001, 99.9)]), undefined);
    assert.match(
      updateDifference(before, expected, [floats(100.102, 99.9)])!,
      /number 0, by 1\.4 %/,
    );
    assert.match(updateDifference(before, expected, before)!, /updates weights otherwise/);
  });
});

describe('predictions', () => {
  test('agree to three digits of their norm', () => {
    assert.equal(valuesDifference(floats(0.2, 0.8), floats(0.20001, 0.8)), undefined);
    assert.match(valuesDifference(floats(0.2, 0.8), floats(0.8, 0.2))!, /predicts otherwise/);
    assert.match(valuesDifference(floats(0.2, 0.8), floats(NaN, 0.2))!, /predicts otherwise/);
  });
});

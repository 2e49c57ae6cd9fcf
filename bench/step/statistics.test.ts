import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { median, pairedRatio, quantile, spreadOf } from './statistics.ts';

describe('statistics', () => {
  test('quantiles are those of numpy.quantile', () => {
    const values = [7, 1, 3, 9, 4, 4];
    assert.equal(median(values), 4);
    assert.equal(quantile(values, 0.25), 3.25);
    assert.equal(quantile(values, 0.75), 6.25);
    assert.deepEqual(spreadOf(values), {
      min: 1,
      lowerQuartile: 3.25,
      median: 4,
      upperQuartile: 6.25,
      max: 9,
    });
  });

  test('of one value is that value, of none is no number', () => {
    assert.equal(median([5]), 5);
    assert.ok(Number.isNaN(median([])));
  });

  test('do not reorder what they are given', () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });

  test('a ratio is taken within rounds, so that a slow machine cancels out', () => {
    const ours = [10, 40, 10];
    const theirs = [20, 80, 20];
    assert.equal(pairedRatio(ours, theirs), 0.5);
    assert.equal(pairedRatio([10, 40], [20, 80, 20]), 0.5);
  });
});

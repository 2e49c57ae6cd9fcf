import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPoint, emptySeries } from './thin.ts';

test('a short series keeps every point', () => {
  let series = emptySeries<number>();
  for (let value = 0; value < 10; value++) series = addPoint(series, value, 10);
  assert.deepEqual(series.points, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a long series stays bounded and evenly spaced over its whole length', () => {
  let series = emptySeries<number>();
  for (let value = 0; value < 10_000; value++) series = addPoint(series, value, 100);
  assert.ok(series.points.length <= 100 && series.points.length >= 50, `${series.points.length}`);
  const gaps = new Set(series.points.slice(1).map((value, index) => value - series.points[index]!));
  assert.equal(gaps.size, 1);
  assert.equal(series.points[0], 0);
  assert.ok(series.points.at(-1)! > 9_500);
});

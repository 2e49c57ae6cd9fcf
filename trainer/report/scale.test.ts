import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeMarks } from './place-marks.ts';
import { exactScale, linearScale, logScale } from './scale.ts';
import { smooth } from './smooth.ts';

const pixels = { from: 0, to: 100 };

test('a linear scale grows to round ticks around the values', () => {
  const scale = linearScale({ from: 0.913, to: 0.987 }, pixels);
  assert.deepEqual(scale.ticks, [0.9, 0.92, 0.94, 0.96, 0.98, 1]);
  assert.equal(scale.at(0.9), 0);
  assert.equal(scale.at(1), 100);
});

test('equal, negative and tiny values have a scale with finite places', () => {
  for (const domain of [
    { from: 3, to: 3 },
    { from: 0, to: 0 },
    { from: -4, to: -1 },
    { from: 0, to: 1e-12 },
  ]) {
    const scale = linearScale(domain, pixels);
    assert.ok(scale.ticks.length >= 2 && scale.ticks.length <= 9, String(scale.ticks));
    assert.ok(
      [domain.from, domain.to].every((value) => scale.at(value) >= 0 && scale.at(value) <= 100),
    );
  }
});

test('an axis of steps ends with the data and has whole numbers', () => {
  const scale = exactScale({ from: 1, to: 2345 }, pixels);
  assert.deepEqual(scale.ticks, [500, 1000, 1500, 2000]);
  assert.deepEqual([scale.at(1), scale.at(2345)], [0, 100]);
  assert.deepEqual(exactScale({ from: 1, to: 3 }, pixels).ticks, [1, 2, 3]);
  assert.deepEqual(exactScale({ from: 7, to: 7 }, pixels).ticks, [7]);
});

test('a logarithmic scale has equal distances for equal factors', () => {
  const scale = logScale({ from: 0.01, to: 10 }, pixels);
  assert.deepEqual(scale.ticks, [0.01, 0.1, 1, 10]);
  assert.ok(Math.abs(scale.at(0.1) - 100 / 3) < 1e-9);
  assert.deepEqual(logScale({ from: 0.03, to: 2.4 }, pixels).ticks, [0.05, 0.1, 0.2, 0.5, 1, 2]);
});

test('the words of marks do not cover each other and stay inside', () => {
  const scale = { kind: 'linear', ticks: [], at: (value: number) => value } as const;
  const area = { left: 50, right: 500 };
  const marks = [60, 300, 310, 320, 330, 495].map((x) => ({ x, label: '2 workers' }));
  const placed = placeMarks(marks, scale, area);
  const boxes = placed.map(({ x, row, side }) => ({ row, from: side === 'right' ? x : x - 90 }));
  boxes.forEach((box, i) => {
    assert.ok(box.from >= area.left && box.from + 90 <= area.right);
    const others = boxes.slice(0, i).filter(({ row }) => row === box.row);
    assert.ok(others.every(({ from }) => Math.abs(from - box.from) >= 90));
  });
  const crowd = Array.from({ length: 50 }, () => ({ x: 250, label: '2 workers' }));
  assert.equal(placeMarks(crowd, scale, area).filter(({ label }) => label !== '').length, 8);
});

test('a smoothed line starts at the first value and keeps a constant', () => {
  assert.deepEqual(
    smooth([5], 0.9).map((v) => Math.round(v * 1e9) / 1e9),
    [5],
  );
  for (const value of smooth([2, 2, 2, 2], 0.9)) assert.ok(Math.abs(value - 2) < 1e-12);
});

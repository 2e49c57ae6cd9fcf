import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatBytes,
  formatCount,
  formatCounted,
  formatMetric,
  formatSeconds,
  formatShare,
} from './format.ts';
import { cutTo, padFrom, padTo, widthOf } from './width.ts';
import { progressBar, shareBar } from './bar.ts';

const plain = (_format: unknown, text: string): string => text;

test('numbers read as people write them', () => {
  assert.equal(formatCount(1234567.8), '1,234,568');
  assert.deepEqual(
    [formatCounted(1, 'step'), formatCounted(2000, 'step')],
    ['1 step', '2,000 steps'],
  );
  assert.equal(formatShare(0.125), '13 %');
  assert.equal(formatMetric(0.98765), '0.9877');
  assert.equal(formatMetric(0.0000123), '1.23e-5');
  assert.equal(formatMetric(0), '0.0000');
  assert.equal(formatMetric(NaN), 'NaN');
  assert.deepEqual([0, 1023, 1024, 1536, 5 * 2 ** 30].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '5.0 GiB',
  ]);
});

test('times keep two units at the most', () => {
  assert.deepEqual([4.21, 9.99, 42.4, 59.7, 83, 3599.6, 7500].map(formatSeconds), [
    '4.2 s',
    '10.0 s',
    '42 s',
    '1 min 00 s',
    '1 min 23 s',
    '1 h 00 min',
    '2 h 05 min',
  ]);
});

test('widths are those on the screen', () => {
  assert.equal(widthOf('\u001b[31mred\u001b[39m…'), 4);
  assert.equal(padTo('ab', 4), 'ab  ');
  assert.equal(padFrom('ab', 4), '  ab');
  assert.equal(cutTo('abcdef', 4), 'abc…');
  assert.equal(cutTo('abcd', 4), 'abcd');
  assert.equal(cutTo('\u001b[31mabcdef\u001b[39m', 4), '\u001b[31mabc…\u001b[0m');
});

test('a progress bar has its width at every fraction, and never overflows', () => {
  for (const fraction of [-1, 0, 0.01, 0.333, 0.5, 0.999, 1, 2]) {
    assert.equal(widthOf(progressBar(fraction, 20, plain)), 20, `${fraction}`);
  }
  assert.equal(progressBar(0.5, 4, plain), '██░░');
});

test('shares fill the bar exactly, and none at all leaves it empty', () => {
  const bar = (...fractions: readonly number[]): string =>
    shareBar(
      fractions.map((fraction, index) => ({
        fraction,
        character: 'abc'[index] ?? 'x',
        colour: 'green' as const,
      })),
      10,
      plain,
    );
  assert.equal(bar(0.5, 0.3, 0.2), 'aaaaabbbcc');
  assert.equal(bar(1 / 3, 1 / 3, 1 / 3).length, 10);
  assert.equal(bar(0.7, 0.6, 0.2), 'aaaaaaabbb');
  assert.equal(bar(0, 0, 0), '');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, duration, figure, percent, plural, time } from './format.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ');

test('figures keep four digits, and tiny or huge ones become powers', () => {
  const cases: readonly (readonly [number | null | undefined, string])[] = [
    [0.031274, '0.03127'],
    [12_345.6, '12,350'],
    [0, '0'],
    [1.5e-7, '1.50e-7'],
    [-2e12, '-2.00e+12'],
    [Number.NaN, '–'],
    [null, '–'],
    [undefined, '–'],
  ];
  for (const [value, text] of cases) assert.equal(figure(value), text);
});

test('times, sizes and shares read as people say them', () => {
  assert.deepEqual(
    [0.85, 59.94, 192.4, 7500, Number.NaN].map((seconds) => plain(duration(seconds))),
    ['850 ms', '59.9 s', '3 min 12 s', '2 h 5 min', '–'],
  );
  assert.deepEqual(
    [0, 1023, 1536, 5_412_345_678].map((size) => plain(bytes(size))),
    ['0 B', '1,020 B', '1.5 KiB', '5.04 GiB'],
  );
  assert.equal(plain(percent(0.9921)), '99.21 %');
  assert.equal(count(1234.5), '1,235');
  assert.deepEqual([plural(1, 'worker'), plural(2, 'worker')], ['1 worker', '2 workers']);
  assert.equal(time('2026-11-23T10:05:12.345Z'), '2026-11-23 10:05:12 UTC');
  assert.equal(time('soon'), 'soon');
});

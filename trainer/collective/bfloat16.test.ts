import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packBfloat16, roundToBfloat16, unpackBfloat16 } from './bfloat16.ts';

function round(value: number): number {
  const floats = new Float32Array([value]);
  roundToBfloat16(new Int32Array(floats.buffer));
  return floats[0]!;
}

test('rounds to nearest, ties to even', () => {
  assert.equal(round(1 + 2 ** -8), 1);
  assert.equal(round(1 + 3 * 2 ** -8), 1 + 2 ** -6);
  assert.equal(round(1 + 2 ** -8 + 2 ** -20), 1 + 2 ** -7);
  assert.equal(round(-3.14159), -3.140625);
  assert.ok(Object.is(round(-0), -0));
});

test('keeps infinities and every NaN, and overflows to infinity', () => {
  assert.equal(round(Infinity), Infinity);
  assert.equal(round(-Infinity), -Infinity);
  assert.equal(round(3.4028234e38), Infinity);
  for (const bits of [0x7f800001, 0x7fffffff, 0xff800001, 0xffffffff]) {
    const memory = new Int32Array([bits]);
    roundToBfloat16(memory);
    assert.ok(Number.isNaN(new Float32Array(memory.buffer)[0]));
  }
});

test('every bfloat16 survives unpacking and packing', () => {
  const all = Uint16Array.from({ length: 65_536 }, (_, index) => index);
  const floats = new Int32Array(all.length);
  const again = new Uint16Array(all.length);
  unpackBfloat16(all, floats);
  packBfloat16(floats, again);
  const isNaNOf = (value: number): boolean => (value & 0x7fff) > 0x7f80;
  all.forEach((value, index) => {
    if (isNaNOf(value)) assert.ok(isNaNOf(again[index]!));
    else assert.equal(again[index], value);
  });
});

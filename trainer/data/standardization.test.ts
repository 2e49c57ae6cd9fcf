import assert from 'node:assert/strict';
import test from 'node:test';
import { needsPython, python } from '../../test/python.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { createRandom } from './random.ts';
import { fitStandardization, parseStandardization, standardize } from './standardization.ts';

const range = (length: number): Uint32Array => Uint32Array.from({ length }, (_, i) => i);

test('Means, deviations and standardised values are those of numpy', needsPython(), async () => {
  const random = createRandom([9]);
  const bytes = Uint8Array.from({ length: 60 }, () => Math.floor(random() * 256));
  const floats = Float32Array.from({ length: 60 }, () => 1000 + random());
  const rows = Uint32Array.from([0, 2, 3, 5, 8, 11]);
  const listing = await python(`
import numpy as np, json
out = []
for a in [np.array(${JSON.stringify([...bytes])}, dtype=np.float64), np.array(${JSON.stringify([...floats])}, dtype=np.float64)]:
    a = a.reshape(12, 5); t = a[${JSON.stringify([...rows])}]
    for axis in [None, 0]:
        m, s = t.mean(axis), t.std(axis)
        out.append([np.atleast_1d(m).tolist(), np.atleast_1d(s).tolist(), ((a - m) / s).astype(np.float32).ravel().tolist()])
print(json.dumps(out))
`);
  const cases = JSON.parse(listing) as [number[], number[], number[]][];
  const fitted = [bytes, floats].flatMap((raw) =>
    (['standard', 'standard-per-feature'] as const).map((kind) => ({
      raw,
      fit: fitStandardization(kind, raw, rows, 5),
    })),
  );
  for (const [at, { raw, fit }] of fitted.entries()) {
    const [mean, std, values] = cases[at]!;
    assert.equal(fit.mean.length, mean.length);
    for (const [j, value] of mean.entries())
      assert.ok(Math.abs(fit.mean[j]! - value) < 1e-9 * Math.abs(value));
    for (const [j, value] of std.entries()) assert.ok(Math.abs(fit.std[j]! - value) < 1e-9 * value);
    for (const [i, value] of standardize(raw, fit).entries())
      assert.ok(Math.abs(value - values[i]!) < 1e-5);
  }
});

test('scale maps 0..255 to 0..1, none leaves the values', () => {
  const raw = Uint8Array.from([0, 51, 255]);
  assert.deepEqual(
    [...standardize(raw, fitStandardization('scale', raw, range(3), 1))],
    [0, Math.fround(0.2), 1],
  );
  assert.deepEqual(
    [...standardize(raw, fitStandardization('none', raw, range(3), 1))],
    [0, 51, 255],
  );
});

test('A feature without variance becomes 0 in training and keeps its difference elsewhere', () => {
  const constant = Math.fround(0.1);
  const raw = Float32Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? constant : i));
  const fit = fitStandardization('standard-per-feature', raw, range(1000), 2);
  assert.equal(fit.std[0], 1);
  assert.ok(Math.abs(standardize(raw, fit)[0]!) < 1e-12);
  assert.ok(Math.abs(standardize([constant + 3, 0], fit)[0]! - 3) < 1e-6);
  assert.equal(fitStandardization('standard', new Uint8Array(8).fill(7), range(4), 2).std[0], 1);
});

test('Bytes and the same values as floats standardise alike', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const floats = Float32Array.from(bytes);
  const fit = fitStandardization('standard', bytes, range(128), 2);
  const other = fitStandardization('standard', floats, range(128), 2);
  assert.ok(Math.abs(fit.std[0]! - other.std[0]!) < 1e-12);
  assert.deepEqual(standardize(bytes, fit), standardize(floats, fit));
});

test('The JSON form stored with a model gives the same values back', () => {
  const raw = Float32Array.from([1, 2, 3, 5, 8, 13]);
  const fit = fitStandardization('standard-per-feature', raw, range(3), 2);
  assert.deepEqual(
    standardize(raw, parseStandardization(JSON.parse(JSON.stringify(fit)))),
    standardize(raw, fit),
  );
});

test('A damaged JSON form and a sample of another width are refused', () => {
  for (const json of [
    null,
    4,
    {},
    { kind: 'other', mean: [0], std: [1] },
    { kind: 'standard', mean: [0], std: [0] },
    { kind: 'standard', mean: [0, 1], std: [1] },
  ]) {
    assert.throws(() => parseStandardization(json), Failure);
  }
  const fit = { kind: 'standard-per-feature', mean: [0, 0], std: [1, 1] } as const;
  assert.throws(() => standardize([1, 2, 3], fit), { reason: 'DataError' });
});

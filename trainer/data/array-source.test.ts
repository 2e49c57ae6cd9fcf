import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { needsPython, python } from '../../test/python.ts';
import { loadDataset } from './dataset.ts';
import { aConfig, aFolder, failure, idx, idxPair, load, type ConfigParts } from './fixtures.ts';
import { readIdx } from './idx.ts';
import { readNpy } from '../numpy/npy.ts';
import { toFeatures, toNumbers } from '../numpy/numeric-array.ts';

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part),
    ),
  );

/** A version 1.0 npy file with the given header, padded by nothing. */
function npy(header: string, body: Uint8Array, version = 1): Buffer {
  const length =
    version === 1
      ? [header.length & 255, header.length >> 8]
      : [header.length & 255, header.length >> 8, 0, 0];
  return Buffer.concat([bytes('\x93NUMPY', [version, 0], length, header), body]);
}

const NPY = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }\n";

test('IDX features of bytes stay bytes in shared memory, plain and gzipped alike', async (t) => {
  const { x, y } = idxPair(6);
  const plain = await load(t, { x, y });
  const zipped = await load(t, { x: gzipSync(x), y: gzipSync(y) });
  assert.ok(plain.features instanceof Uint8Array);
  assert.ok(plain.features.buffer instanceof SharedArrayBuffer);
  assert.ok(plain.labels.buffer instanceof SharedArrayBuffer);
  assert.deepEqual([...plain.features], [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
  assert.deepEqual([...plain.labels], [0, 1, 2, 0, 1, 2]);
  assert.deepEqual(plain.sampleShape, [1, 2]);
  assert.deepEqual(plain.classNames, ['0', '1', '2']);
  assert.equal(zipped.digest, plain.digest);
});

test('IDX elements are big-endian, of every type of the format', async () => {
  const header = (type: number): number[] => [0, 0, type, 1, 0, 0, 0, 2];
  const read = async (type: number, body: number[]): Promise<number[]> => [
    ...toNumbers(await readIdx(Uint8Array.from([...header(type), ...body]), 'f')),
  ];
  assert.deepEqual(await read(0x08, [1, 255]), [1, 255]);
  assert.deepEqual(await read(0x09, [1, 255]), [1, -1]);
  assert.deepEqual(await read(0x0b, [1, 0, 255, 254]), [256, -2]);
  assert.deepEqual(await read(0x0c, [0, 1, 0, 0, 255, 255, 255, 255]), [65536, -1]);
  assert.deepEqual(await read(0x0d, [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0]), [1, -2]);
  assert.deepEqual(
    await read(0x0e, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xbf, 0xe0, 0, 0, 0, 0, 0, 0]),
    [1.5, -0.5],
  );
});

test(
  'numpy arrays of every type, order, byte order and format version are read as numpy reads them',
  needsPython(),
  async (t) => {
    const folder = await aFolder(t);
    const listing = await python(
      `
import numpy as np, json
rng = np.random.default_rng(3)
out = []
for descr in ['|b1','|u1','|i1','<i2','<i4','<i8','<u2','<u4','<u8','<f2','<f4','<f8','>i2','>u4','>f4','>f8','>i8']:
    for shape in [(5,), (4, 3), (3, 2, 4)]:
        for order in 'CF':
            a = (rng.standard_normal(shape) * 40).astype(np.dtype(descr), order=order) if descr[1] != 'u' else rng.integers(0, 200, shape).astype(np.dtype(descr), order=order)
            a = np.asarray(a, order=order)
            name = f"{len(out)}.npy"
            with open(name, 'wb') as f:
                np.lib.format.write_array(f, a, version=[(1, 0), (2, 0), (3, 0)][len(out) % 3])
            out.append({'name': name, 'descr': descr, 'shape': shape, 'values': a.astype(np.float64).ravel().tolist()})
print(json.dumps(out))
`,
      { cwd: folder },
    );
    const cases = JSON.parse(listing) as {
      name: string;
      descr: string;
      shape: number[];
      values: number[];
    }[];
    assert.equal(cases.length, 17 * 3 * 2);
    for (const { name, descr, shape, values } of cases) {
      const array = readNpy(await readFile(join(folder, name)), name);
      assert.deepEqual(array.shape, shape);
      assert.deepEqual([...toNumbers(array)], values, `${name} ${descr}`);
      const features = toFeatures(array);
      assert.equal(features instanceof Uint8Array, descr === '|u1' || descr === '|b1');
      assert.deepEqual([...features], values.map(Math.fround), `${name} ${descr}`);
    }
  },
);

test(
  'npz files of numpy, stored and deflated, and npy pairs give the same data set',
  needsPython(),
  async (t) => {
    const folder = await aFolder(t);
    await python(
      `
import numpy as np
x = (np.arange(5 * 4 * 3, dtype=np.float32) / 7).reshape(5, 4, 3)
y = np.array([3, 1, 3, 2, 1], dtype=np.int64)
np.savez('stored.npz', x_train=np.asfortranarray(x), y_train=y)
np.savez_compressed('deflated.npz', x_train=x, y_train=y)
np.save('x.npy', x); np.save('y.npy', y)
`,
      { cwd: folder },
    );
    const names = { features: 'x_train', labels: 'y_train' };
    const stored = await loadDataset(aConfig({ format: 'npz', train: names }), () =>
      join(folder, 'stored.npz'),
    );
    const deflated = await loadDataset(aConfig({ format: 'npz', train: names }), () =>
      join(folder, 'deflated.npz'),
    );
    const pair = await loadDataset(
      aConfig({ format: 'npy', train: { features: 'x.npy', labels: 'y.npy' } }),
      () => folder,
    );
    assert.deepEqual(
      [...pair.features],
      Array.from({ length: 60 }, (_, i) => Math.fround(Math.fround(i) / 7)),
    );
    assert.deepEqual([...pair.labels], [2, 0, 2, 1, 0]);
    assert.deepEqual(pair.classNames, ['1', '2', '3']);
    assert.equal(stored.digest, pair.digest);
    assert.equal(deflated.digest, pair.digest);
  },
);

test(
  'A flipped bit or a cut in an npz file is noticed, wherever it is',
  needsPython(),
  async (t) => {
    const folder = await aFolder(t);
    await python(
      `
import numpy as np
x = np.arange(64, dtype=np.uint8).reshape(8, 8)
np.savez('stored.npz', x=x, y=x[:, 0]); np.savez_compressed('deflated.npz', x=x, y=x[:, 0])
`,
      { cwd: folder },
    );
    for (const name of ['stored.npz', 'deflated.npz']) {
      const whole = await readFile(join(folder, name));
      const good = await loadDataset(aConfig({ format: 'npz' }), () => join(folder, name));
      for (let at = 0; at < whole.length; at += 5) {
        const flipped = Buffer.from(whole);
        flipped[at]! ^= 16;
        const cut = whole.subarray(0, at);
        for (const damaged of [flipped, cut]) {
          const where = await aFolder(t, { 'd.npz': damaged });
          const outcome = loadDataset(aConfig({ format: 'npz' }), () => join(where, 'd.npz'));
          // A bit in a time stamp or another field that does not matter may flip; the data may not.
          await outcome.then(
            (read) => assert.equal(read.digest, good.digest),
            (error) => failure(Promise.reject(error)),
          );
        }
      }
    }
  },
);

test('Labels of type number keep their values and their width', async (t) => {
  const data = await load(
    t,
    { x: idx([2, 3], [1, 2, 3, 4, 5, 6]), y: idx([2, 2], [9, 8, 7, 6]) },
    { labels: { type: 'number' } },
  );
  assert.ok(data.labels instanceof Float32Array);
  assert.equal(data.labelWidth, 2);
  assert.deepEqual([...data.labels], [9, 8, 7, 6]);
  assert.deepEqual(data.classNames, []);
});

test('features.shape reshapes samples', async (t) => {
  const data = await load(t, idxPair(3), { features: { shape: [1, 2, 1] } });
  assert.deepEqual(data.sampleShape, [1, 2, 1]);
});

const good = idxPair(3);
const wrong: Record<
  string,
  { files: Record<string, Uint8Array>; parts?: ConfigParts; says: RegExp }
> = {
  'a wrong magic': {
    files: { ...good, x: Buffer.from('GIF89a..') },
    says: /pvc:\/\/set\/x is no IDX file: byte 0 starts with 47494638/,
  },
  'an empty file': {
    files: { ...good, x: Buffer.alloc(0) },
    says: /x is no IDX file: byte 0 starts with nothing/,
  },
  'a truncated header': {
    files: { ...good, x: good.x.subarray(0, 10) },
    says: /x is truncated: the file ends at byte 10 of the 16/,
  },
  'a truncated body': {
    files: { ...good, x: good.x.subarray(0, 20) },
    says: /x is truncated: the file ends at byte 20 of the 22/,
  },
  'a body that goes on': {
    files: { ...good, y: Buffer.concat([good.y, Buffer.alloc(1)]) },
    says: /y goes on after byte 11/,
  },
  'a header that announces terabytes': {
    files: {
      ...good,
      x: Buffer.from([0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 9, 9, 9, 9]),
    },
    says: /x is truncated/,
  },
  'a gzipped header that announces terabytes': {
    files: { ...good, x: gzipSync(Buffer.from([0, 0, 8, 2, 0, 255, 255, 255, 0, 255, 255, 255])) },
    says: /x is truncated: the gzip data cannot hold/,
  },
  'a corrupt gzip file': {
    files: { ...good, x: gzipSync(good.x).fill(0, 14, 22) },
    says: /x is no intact gzip file/,
  },
  'a gzip file that is cut off': {
    files: { ...good, x: gzipSync(good.x).subarray(0, -6) },
    says: /x is no intact gzip file: it is cut off/,
  },
  'a gzip file with too many bytes': {
    files: { ...good, x: gzipSync(Buffer.concat([good.x, Buffer.alloc(50)])) },
    says: /x is no intact gzip file: it holds more bytes/,
  },
  'another number of labels': {
    files: { ...good, y: idxPair(4).y },
    says: /y has 4 labels, but pvc:\/\/set\/x has 3 samples/,
  },
  'a shape that does not multiply out': {
    files: good,
    parts: { features: { shape: [28, 28, 1] } },
    says: /features\.shape \[28, 28, 1\] has 784 numbers, but a sample of pvc:\/\/set\/x, row 0 .* has 2 \(1 x 2\)/,
  },
  'a missing file': {
    files: { x: good.x },
    says: /pvc:\/\/set\/y does not exist .*its folder holds x/,
  },
  'one-hot labels as classes': {
    files: { x: good.x, y: idx([3, 2], [1, 0, 0, 1, 1, 0]) },
    says: /2 numbers per sample, but a class is one.*argmax/,
  },
  'a folder as file': { files: { 'x/a': good.x, y: good.y }, says: /x is a folder/ },
  'no npy magic': {
    files: good,
    parts: { format: 'npy' },
    says: /x is no npy file that can be read: byte 0/,
  },
  'an npy header beyond the file': {
    files: { ...good, x: bytes('\x93NUMPY', [2, 0, 255, 255, 255, 127], '{') },
    parts: { format: 'npy' },
    says: /its header goes beyond the file's 13 bytes/,
  },
  'a cut npy preamble': {
    files: { ...good, x: bytes('\x93NUMPY', [1]) },
    parts: { format: 'npy' },
    says: /header goes beyond/,
  },
  'an unknown npy version': {
    files: { ...good, x: npy(NPY, Buffer.alloc(4), 9) },
    parts: { format: 'npy' },
    says: /byte 6 names format version 9/,
  },
  'an npy header without shape': {
    files: { ...good, x: npy("{'descr': '|u1', 'fortran_order': False}", Buffer.alloc(4)) },
    parts: { format: 'npy' },
    says: /lacks descr, fortran_order or shape/,
  },
  'a truncated npy body': {
    files: { ...good, x: npy(NPY, Buffer.alloc(3)) },
    parts: { format: 'npy' },
    says: /shape \(2, 2\) of u1, which ends at byte 74, but the file ends at byte 73/,
  },
  'an npy shape of terabytes': {
    files: { ...good, x: npy(NPY.replace('(2, 2)', '(99999999, 99999999)'), Buffer.alloc(3)) },
    parts: { format: 'npy' },
    says: /but the file ends at byte/,
  },
  'an object array': {
    files: { ...good, x: npy(NPY.replace('|u1', '|O'), Buffer.alloc(32)) },
    parts: { format: 'npy' },
    says: /Python objects.*never unpickled/,
  },
  'a text array': {
    files: { ...good, x: npy(NPY.replace('|u1', '<U5'), Buffer.alloc(32)) },
    parts: { format: 'npy' },
    says: /dtype "<U5" is not supported/,
  },
  'a structured array': {
    files: { ...good, x: npy(NPY.replace("'|u1'", "[('a', '<f4')]"), Buffer.alloc(32)) },
    parts: { format: 'npy' },
    says: /dtype "structured" is not supported/,
  },
  'a scalar': {
    files: {
      x: npy(NPY.replace('(2, 2)', '()'), Buffer.alloc(1)),
      y: npy(NPY.replace('(2, 2)', '(1,)'), Buffer.alloc(1)),
    },
    parts: { format: 'npy' },
    says: /x is a single number/,
  },
  'samples without numbers': {
    files: {
      x: npy(NPY.replace('(2, 2)', '(2, 0)'), Buffer.alloc(0)),
      y: npy(NPY.replace('(2, 2)', '(2,)'), Buffer.alloc(2)),
    },
    parts: { format: 'npy' },
    says: /shape 0 and so no numbers/,
  },
};

for (const [what, { files, parts, says }] of Object.entries(wrong)) {
  test(`It ends in one sentence: ${what}`, async (t) => {
    assert.match(await failure(load(t, files, parts)), says);
  });
}

test('A source without labels and a path out of the data set are faults of the config', async (t) => {
  assert.match(
    await failure(load(t, good, { train: { features: 'x' } }), 'BadConfig'),
    /train source has no labels/,
  );
  assert.match(
    await failure(load(t, good, { train: { features: '../x', labels: 'y' } }), 'BadConfig'),
    /leads out of/,
  );
  assert.match(
    await failure(load(t, good, { train: { features: '/etc/passwd', labels: 'y' } }), 'BadConfig'),
    /leads out of/,
  );
});

test('An npz file names its arrays where one is missing', needsPython(), async (t) => {
  const folder = await aFolder(t);
  await python(
    `import numpy as np; np.savez('a.npz', x_train=np.zeros((2, 2)), y_train=np.zeros(2))`,
    { cwd: folder },
  );
  assert.match(
    await failure(loadDataset(aConfig({ format: 'npz' }), () => join(folder, 'a.npz'))),
    /has no array "x"; it has x_train, y_train: name one/,
  );
  const text = await aFolder(t, { 'a.npz': 'not a zip' });
  assert.match(
    await failure(loadDataset(aConfig({ format: 'npz' }), () => join(text, 'a.npz'))),
    /no intact zip archive/,
  );
});

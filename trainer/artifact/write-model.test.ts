/** What a run leaves: complete or not at all, the same for the same model, readable again. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { NamedArray } from '../named-array.ts';
import { savedModelOf } from '../model/saved-model-of.ts';
import { replaceFolder } from './artifact-files.ts';
import { loadModel } from './load-model.ts';
import { dequantize, halfBits, quantize } from './quantization.ts';
import { sampleModels, trainedModel } from './sample-models.ts';
import { modelDigest, type SavedModel } from './saved-model.ts';
import { writeModel } from './write-model.ts';

const options = {
  quantization: 'none',
  metadata: { classNames: ['x'] },
  generatedBy: 'test',
} as const;
const allFormats = ['layers-model', 'keras-h5', 'npz'] as const;
let folder: string;
let model: SavedModel;
let weights: readonly NamedArray[];

before(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'tfjs-write-'));
  const { topology } = sampleModels[0]!;
  model = await savedModelOf(trainedModel(topology), topology);
  weights = model.layers.flatMap((layer) => layer.weights);
});

after(() => rm(folder, { recursive: true, force: true }));

/** Without the diff of assert.deepEqual, which takes minutes on large arrays. */
function assertSame(actual: readonly NamedArray[], wanted: readonly NamedArray[]): void {
  assert.deepEqual(
    actual.map(({ name, shape }) => ({ name, shape })),
    wanted.map(({ name, shape }) => ({ name, shape })),
  );
  for (const [index, { name, data }] of wanted.entries()) {
    const same = Buffer.from(data.buffer).equals(Buffer.from(actual[index]!.data.buffer));
    assert.ok(same, `${name} differs`);
  }
}

describe('writing', () => {
  test('leaves the files of the formats asked for and one digest', async () => {
    const all = await writeModel(join(folder, 'all'), model, { ...options, formats: allFormats });
    assert.deepEqual(all.files, ['group1-shard1of1.bin', 'model.h5', 'model.json', 'weights.npz']);
    const one = await writeModel(join(folder, 'one'), model, { ...options, formats: ['npz'] });
    assert.deepEqual(one.files, ['weights.npz']);
    assert.equal(one.modelDigest, all.modelDigest);
    assert.match(all.modelDigest, /^sha256:[0-9a-f]{64}$/);
    const document = JSON.parse(await readFile(join(folder, 'all', 'model.json'), 'utf8')) as {
      userDefinedMetadata: object;
    };
    assert.deepEqual(document.userDefinedMetadata, {
      classNames: ['x'],
      modelDigest: all.modelDigest,
    });
  });

  test('the digest changes with a single bit of a weight', () => {
    const data = weights[0]!.data.slice();
    data[0] = data[0]! + 1e-7;
    const [first, ...others] = model.layers;
    const changed = {
      ...first!,
      weights: [{ ...first!.weights[0]!, data }, ...first!.weights.slice(1)],
    };
    assert.notEqual(modelDigest({ ...model, layers: [changed, ...others] }), modelDigest(model));
  });

  test('replaces a former folder as a whole and leaves nothing beside it', async () => {
    const target = join(folder, 'again', 'model');
    await writeModel(target, model, { ...options, formats: allFormats });
    await writeModel(target, model, { ...options, formats: ['npz'] });
    assert.deepEqual(await readdir(target), ['weights.npz']);
    assert.deepEqual(await readdir(join(folder, 'again')), ['model']);
  });

  test('that fails half way keeps the former folder', async () => {
    const target = join(folder, 'kept');
    await writeModel(target, model, { ...options, formats: ['npz'] });
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    const failing = replaceFolder(target, async (temporary) => {
      await writeFile(join(temporary, 'half'), 'x');
      throw full;
    });
    await assert.rejects(failing, {
      reason: 'StorageError',
      message: `Cannot write the model to ${target}: no space is left on the device. Make room or enlarge the volume, then start again.`,
    });
    assert.deepEqual(await readdir(target), ['weights.npz']);
    assert.ok(!(await readdir(folder)).some((name) => name.startsWith('.')));
  });

  test('into a path that is a file is refused in a sentence', async () => {
    await writeFile(join(folder, 'file'), '');
    const target = join(folder, 'file', 'model');
    await assert.rejects(writeModel(target, model, { ...options, formats: ['npz'] }), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.reason, 'StorageError');
      assert.match(
        error.message,
        /^Cannot write the model to .*: (a file is in its place|a part of the path is a file, not a directory)\. .*output\.uri\.$/,
      );
      return true;
    });
  });

  test('cuts weights into shards of at most 4 MiB', async () => {
    const big = {
      name: 'd/kernel',
      shape: [1500, 1000],
      data: new Float32Array(1_500_000).fill(0.5),
    };
    const target = join(folder, 'big');
    const { files } = await writeModel(
      target,
      { ...model, layers: [{ name: 'd', weights: [big] }] },
      { ...options, formats: ['layers-model'] },
    );
    assert.deepEqual(files, ['group1-shard1of2.bin', 'group1-shard2of2.bin', 'model.json']);
    assert.equal((await stat(join(target, 'group1-shard1of2.bin'))).size, 4 * 1024 * 1024);
    assertSame((await loadModel(target)).weights, [big]);
  });
});

describe('reading back', () => {
  for (const [format, file] of [
    ['layers-model', 'model.json'],
    ['keras-h5', 'model.h5'],
    ['npz', 'weights.npz'],
  ] as const) {
    test(`${format} gives the same weights`, async () => {
      const target = join(folder, format);
      await writeModel(target, model, { ...options, formats: [format] });
      const sorted = (list: readonly NamedArray[]): NamedArray[] =>
        [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const path of [target, join(target, file)]) {
        const loaded = await loadModel(path);
        assertSame(sorted(loaded.weights), sorted(weights));
        assert.equal(loaded.topology?.class_name, format === 'npz' ? undefined : 'Sequential');
      }
    });
  }

  for (const [quantization, bound] of [
    ['float16', 5e-4],
    ['uint16', 2e-5],
    ['uint8', 5e-3],
  ] as const) {
    test(`${quantization} weights come back within ${bound}`, async () => {
      const target = join(folder, quantization);
      await writeModel(target, model, { ...options, quantization, formats: ['layers-model'] });
      const loaded = await loadModel(target);
      for (const [index, { data }] of loaded.weights.entries()) {
        data.forEach((value, i) => assert.ok(Math.abs(value - weights[index]!.data[i]!) <= bound));
      }
    });
  }

  const damage: readonly [string, (target: string) => Promise<void>, RegExp][] = [
    [
      'a missing shard',
      (target) => rm(join(target, 'group1-shard1of1.bin')),
      /names the weight file group1-shard1of1\.bin, which cannot be read/,
    ],
    [
      'a short shard',
      (target) => writeFile(join(target, 'group1-shard1of1.bin'), 'abc'),
      /^The weight files of .* end within "conv\/kernel"; copy them again\.$/,
    ],
    [
      'broken JSON',
      (target) => writeFile(join(target, 'model.json'), '{"a":'),
      /^.*model\.json is not JSON: .*; correct the file\.$/,
    ],
  ];
  for (const [name, harm, message] of damage) {
    test(`${name} is one sentence`, async () => {
      const target = join(folder, name.replaceAll(' ', '-'));
      await writeModel(target, model, { ...options, formats: ['layers-model'] });
      await harm(target);
      await assert.rejects(loadModel(target), { reason: 'BadConfig', message });
    });
  }

  const wrong: readonly [string, string, RegExp][] = [
    ['nothing.json', '', /^There is no model at .*nothing\.json; correct the path\.$/],
    ['text.h5', 'no', /text\.h5 is not an HDF5 file/],
    ['cut.npz', 'PK', /cut\.npz is no intact zip archive: .*; fetch or write it again\.$/],
    ['model.onnx', 'x', /model\.onnx is no model that this trainer reads/],
  ];
  for (const [name, content, message] of wrong) {
    test(`${name} is refused in one sentence`, async () => {
      const path = join(folder, name);
      if (content !== '') await writeFile(path, content);
      await assert.rejects(loadModel(path), { reason: 'BadConfig', message });
    });
  }

  test('a cut .h5 is refused in one sentence', async () => {
    const target = join(folder, 'cut-h5');
    await writeModel(target, model, { ...options, formats: ['keras-h5'] });
    const file = join(target, 'model.h5');
    await truncate(file, 3000);
    await assert.rejects(loadModel(file), {
      reason: 'BadConfig',
      message: /^[^\n]*model\.h5 (is damaged: .*; save it again|is HDF5 but no Keras model.*)\.$/,
    });
  });

  test('an empty folder is refused in one sentence', async () => {
    const path = join(folder, 'empty');
    await mkdir(path);
    await assert.rejects(loadModel(path), {
      message: /^The folder empty holds none of model\.json, /,
    });
  });
});

describe('quantisation', () => {
  test('float16 rounds as the Float16Array of the language', () => {
    const values = [
      0,
      -0,
      1,
      -1,
      0.1,
      65504,
      65519,
      65520,
      1e9,
      -1e9,
      6.1e-5,
      6e-8,
      2.98e-8,
      2.9e-8,
      1 / 3,
      1.00048828125,
      1.00146484375,
      Infinity,
    ];
    for (const value of values) {
      const expected = new DataView(new ArrayBuffer(2));
      (expected as unknown as { setFloat16(at: number, value: number): void }).setFloat16(
        0,
        Math.fround(value),
      );
      assert.equal(halfBits(value), expected.getUint16(0), `of ${value}`);
    }
  });

  test('integers keep zero exactly and equal values too', () => {
    const values = Float32Array.of(-0.37, 0, 0.11, 0.9);
    const { bytes, info } = quantize(values, 'uint8');
    assert.equal(dequantize(bytes, info!)[1], 0);
    const same = quantize(new Float32Array(5).fill(0.25), 'uint16');
    assert.deepEqual(dequantize(same.bytes, same.info!), new Float32Array(5).fill(0.25));
  });
});

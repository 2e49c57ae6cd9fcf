/**
 * Builders for the tests of this folder: a temporary folder with given files, a dataset config with
 * given parts, and an IDX file from numbers. Not used outside of tests.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { DatasetConfig } from '@tfjs-operator/api/run-config.ts';
import { loadDataset, type Dataset } from './dataset.ts';

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder that is removed when the test ends. */
export async function aFolder(t: TestContext, files: Files = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dataset-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

export type ConfigParts = Partial<Omit<DatasetConfig, 'features' | 'labels' | 'split'>> & {
  readonly features?: Partial<DatasetConfig['features']>;
  readonly labels?: Partial<DatasetConfig['labels']>;
  readonly split?: Partial<DatasetConfig['split']>;
};

/** IDX files x and y, no standardisation, all in the training split, unless said otherwise. */
export function aConfig(parts: ConfigParts = {}): DatasetConfig {
  return {
    uri: 'pvc://set',
    format: 'idx',
    train: { features: 'x', labels: 'y' },
    cleaning: [],
    augmentation: [],
    ...parts,
    features: { standardize: 'none', ...parts.features },
    labels: { type: 'class', ...parts.labels },
    split: { seed: 7, stratify: false, ...parts.split },
  };
}

export async function load(
  t: TestContext,
  files: Files,
  parts: ConfigParts = {},
): Promise<Dataset> {
  const folder = await aFolder(t, files);
  return loadDataset(aConfig(parts), () => folder);
}

/** An IDX file of unsigned bytes. */
export function idx(shape: readonly number[], values: readonly number[]): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, Uint8Array.from(values)]);
}

/** `count` samples of [1, 2] with all different features, labels by turns 0, 1, 2. */
export function idxPair(count: number): { x: Uint8Array; y: Uint8Array } {
  const range = Array.from({ length: count }, (_, i) => i);
  return {
    x: idx(
      [count, 1, 2],
      range.flatMap((i) => [i % 256, Math.floor(i / 256)]),
    ),
    y: idx(
      [count],
      range.map((i) => i % 3),
    ),
  };
}

/** Asserts that the work ends in one sentence for a person, and returns it. */
export async function failure(work: Promise<unknown>, reason = 'DataError'): Promise<string> {
  const error: unknown = await work.then(
    () => assert.fail('It should have failed.'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.reason, reason, error.message);
  assert.match(error.message, /^[^\n]+[;:,] [^\n]+\.$/, 'one sentence with a way out');
  return error.message;
}

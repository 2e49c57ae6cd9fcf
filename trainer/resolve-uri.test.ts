import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { isOpenable, resolveUri, volumeOf } from './resolve-uri.ts';

test('a claim is a folder below the root, and a file URI its path', () => {
  assert.equal(resolveUri('pvc://data/a/b', '/volumes'), '/volumes/data/a/b');
  assert.equal(resolveUri('pvc://data', '/volumes'), '/volumes/data');
  assert.equal(resolveUri('file:///a/b', '/volumes'), '/a/b');
});

test('a claim that is a link is named by the folder that it leads to', (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'volumes-')));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'digits'));
  symlinkSync(join(root, 'digits'), join(root, 'data'));
  assert.equal(resolveUri('pvc://data/images', root), join(root, 'digits', 'images'));
});

test('a URI can neither leave its claim nor have a scheme that is not known', () => {
  for (const [uri, words] of [
    ['pvc://data/../other', /leaves its volume; remove "\.\."/],
    ['s3://bucket/data', /cannot be opened by the trainer; use pvc:/],
  ] as const) {
    assert.throws(
      () => resolveUri(uri, '/volumes'),
      (error) =>
        error instanceof Failure && error.reason === 'BadConfig' && words.test(error.message),
    );
  }
});

test('buckets and web addresses are known to be closed before anything is read', () => {
  const uris = ['pvc://data/a', 'file:///a', 's3://bucket/a', 'https://example.org/a'];
  assert.deepEqual(uris.map(isOpenable), [true, true, false, false]);
});

test('the volume of a claim is its mount, that of a file is the machine', () => {
  assert.equal(volumeOf('pvc://data/a/b'), 'pvc://data');
  assert.equal(volumeOf('file:///a/b'), 'file:///');
});

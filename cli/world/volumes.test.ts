import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Failure } from '@tfjs-operator/api/failure.ts';
import { findVolumes, linkVolumes } from './volumes.ts';

function aFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'volumes-')));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const data = { name: 'data', isWritten: false, fields: ['spec.dataset.uri'] };
const out = { name: 'out', isWritten: true, fields: ['spec.checkpoint.uri', 'spec.output.uri'] };

test('a claim that is written gets its folder, a claim that is read must have one', (t) => {
  const folder = aFolder(t);
  const { folders } = findVolumes({ claims: [out], given: new Map(), defaultDirectory: folder });
  assert.equal(folders.get('out'), join(folder, 'out'));
  assert.ok(existsSync(join(folder, 'out')));
  const missing = { claims: [data], given: new Map<string, string>(), defaultDirectory: folder };
  assert.throws(() => findVolumes(missing), {
    reason: 'StorageError',
    message: /--volume data=PATH/,
  });
  mkdirSync(join(folder, 'data'));
  assert.equal(findVolumes(missing).folders.get('data'), join(folder, 'data'));
});

test('the workers find each claim as a link below one folder', (t) => {
  const folder = aFolder(t);
  mkdirSync(join(folder, 'mine'));
  const given = new Map([['data', join(folder, 'mine')]]);
  const volumes = findVolumes({ claims: [data], given, defaultDirectory: folder });
  linkVolumes(volumes, join(folder, 'root'));
  assert.equal(readlinkSync(join(folder, 'root/data')), join(folder, 'mine'));
});

test('URIs become real paths and never leave their claim', (t) => {
  const folder = aFolder(t);
  const volumes = findVolumes({ claims: [out], given: new Map(), defaultDirectory: folder });
  assert.equal(volumes.pathOf('pvc://out/a/b'), join(folder, 'out/a/b'));
  assert.equal(volumes.pathOf('pvc://out'), join(folder, 'out'));
  assert.equal(volumes.pathOf('pvc://out/../data'), undefined);
  assert.equal(volumes.pathOf('pvc://other/a'), undefined);
  assert.equal(volumes.pathOf('s3://bucket/a'), undefined);
  assert.equal(volumes.pathOf('file:///srv/model'), '/srv/model');
});

test('a folder that is a file, or cannot be made, is one sentence with the field', (t) => {
  const folder = aFolder(t);
  writeFileSync(join(folder, 'file'), '');
  const given = new Map([['data', join(folder, 'file')]]);
  assert.throws(() => findVolumes({ claims: [data], given, defaultDirectory: folder }), {
    reason: 'StorageError',
    message: /no such folder; spec\.dataset\.uri needs it/,
  });
  const inFile = new Map([['out', join(folder, 'file/out')]]);
  assert.throws(
    () => findVolumes({ claims: [out], given: inFile, defaultDirectory: folder }),
    (error: Failure) =>
      /spec\.checkpoint\.uri and spec\.output\.uri cannot be made: a part of the path is a file;/.test(
        error.message,
      ),
  );
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isBelow, newestCheckpoint, removeCheckpoints } from './checkpoints.ts';

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function save(folder: string, name: string, manifest: object | string): void {
  mkdirSync(join(folder, name), { recursive: true });
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  writeFileSync(join(folder, name, 'manifest.json'), text);
}

test('the newest checkpoint is the one of the greatest step with a manifest', (t) => {
  const folder = aFolder(t);
  assert.equal(newestCheckpoint(join(folder, 'none')), undefined);
  assert.equal(newestCheckpoint(folder), undefined);
  save(folder, 'step-90', { step: 90, runConfigDigest: 'a' });
  save(folder, 'step-100.1', { step: 100, runConfigDigest: 'b' });
  save(folder, '.saving-200', { step: 200, runConfigDigest: 'c' });
  save(folder, 'step-300', '{"step":');
  mkdirSync(join(folder, 'step-400'));
  assert.deepEqual(newestCheckpoint(folder), { step: 100, runConfigDigest: 'b' });
});

test('only checkpoints and their leftovers are removed', (t) => {
  const folder = aFolder(t);
  for (const name of ['step-1', 'step-1.2', '.saving-x', '.deleted-y']) save(folder, name, {});
  for (const name of ['step-by-step', 'model', 'mystep-1']) save(folder, name, {});
  writeFileSync(join(folder, 'notes.txt'), '');
  removeCheckpoints(folder);
  assert.deepEqual(readdirSync(folder).sort(), ['model', 'mystep-1', 'notes.txt', 'step-by-step']);
});

test('below means below, after links were followed', (t) => {
  const folder = aFolder(t);
  mkdirSync(join(folder, 'runs/volumes/out'), { recursive: true });
  mkdirSync(join(folder, 'runs-too'));
  symlinkSync(join(folder, 'runs-too'), join(folder, 'runs/volumes/link'));
  const runs = join(folder, 'runs');
  assert.equal(isBelow(join(runs, 'volumes/out'), runs), true);
  assert.equal(isBelow(runs, runs), false);
  assert.equal(isBelow(join(folder, 'runs-too'), runs), false);
  assert.equal(isBelow(join(runs, 'volumes/link'), runs), false);
  assert.equal(isBelow(join(runs, 'nowhere'), runs), false);
});

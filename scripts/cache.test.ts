import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { buildOnce, cacheFolder, cacheRoot, isWhole } from './cache.ts';

const root = temporaryFolder('cache-');

test('the cache is where the XDG specification says', () => {
  assert.equal(cacheRoot({ XDG_CACHE_HOME: '/var/cache' }), '/var/cache/tfjs-operator');
  for (const env of [{}, { XDG_CACHE_HOME: '' }]) {
    assert.equal(cacheRoot(env), join(homedir(), '.cache', 'tfjs-operator'));
  }
});

test('other inputs have another folder', () => {
  const folder = cacheFolder(root, 'thing', ['1.0', 'x64']);
  assert.equal(folder, cacheFolder(root, 'thing', ['1.0', 'x64']));
  assert.notEqual(folder, cacheFolder(root, 'thing', ['1.0x64']));
});

test('processes that ask at the same time build once, and the others wait until it is whole', async () => {
  const folder = join(root, 'once');
  let builds = 0;
  let waits = 0;
  const ask = (): Promise<boolean> =>
    buildOnce(
      folder,
      async () => {
        builds += 1;
        await sleep(300);
        await writeFile(join(folder, 'file'), 'whole');
      },
      { onWait: () => (waits += 1) },
    );
  const answers = await Promise.all([ask(), ask(), ask()]);
  assert.deepEqual([builds, waits], [1, 2]);
  assert.equal(answers.filter(Boolean).length, 1);
  assert.equal(existsSync(join(folder, 'file')), true);
  assert.equal(await ask(), false, 'and never again');
  assert.deepEqual(await readdir(root), ['once'], 'no lock stays');
});

test('a build that fails leaves nothing, and the next one begins anew', async () => {
  const folder = join(root, 'fails');
  await assert.rejects(
    buildOnce(folder, async () => {
      await writeFile(join(folder, 'half'), '');
      throw new Error('no network');
    }),
    /no network/,
  );
  assert.equal(existsSync(folder), false);
  assert.equal(existsSync(`${folder}.lock`), false);
  assert.equal(await buildOnce(folder, async () => undefined), true);
});

test('what a killed build left is taken over when it has given no sign of life', async () => {
  const folder = join(root, 'killed');
  await mkdir(`${folder}.lock`, { recursive: true });
  await mkdir(folder);
  await writeFile(join(folder, 'half'), '');
  const longAgo = new Date(Date.now() - 10 * 60_000);
  await utimes(`${folder}.lock`, longAgo, longAgo);
  assert.equal(await buildOnce(folder, async () => undefined), true);
  assert.equal(existsSync(join(folder, 'half')), false);
  assert.equal(await isWhole(folder), true);
});

test('waiting for another build ends with the signal', async () => {
  const folder = join(root, 'waits');
  await mkdir(`${folder}.lock`, { recursive: true });
  const stop = new AbortController();
  const asking = buildOnce(folder, async () => undefined, {
    signal: stop.signal,
    onWait: () => stop.abort(),
  });
  await assert.rejects(asking, { name: 'AbortError' });
  assert.equal(existsSync(folder), false);
});

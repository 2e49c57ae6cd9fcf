import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Failure } from '@tfjs-operator/api/failure.ts';
import { openCheckpoints } from './open-checkpoints.ts';
import { sampleRun, sampleState } from './sample-state.ts';

async function aDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'checkpoints-'));
  t.after(() => {
    // Of no effect where nothing is mounted; `rm` cannot take a mount point away.
    spawnSync('umount', ['--lazy', '--quiet', join(directory, 'mounted')]);
    return rm(directory, { recursive: true, force: true });
  });
  return directory;
}

/** One line, our reason, no stack and no errno in the words. */
function storageError(pattern: RegExp): (error: Failure) => boolean {
  return (error) => {
    assert.equal(error.reason, 'StorageError');
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n|ENO|EACC|EROFS|Error:/);
    return true;
  };
}

/** A small file system in memory; skipped with the reason where it may not be mounted. */
async function tinyFileSystem(t: TestContext, options: string): Promise<string | undefined> {
  const directory = join(await aDirectory(t), 'mounted');
  await mkdir(directory);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
  if (mounted.status !== 0) {
    t.skip('mounting a tmpfs needs root and the right to mount');
    return undefined;
  }
  return directory;
}

test('a full disk ends the save in a sentence and leaves the older checkpoint and no half', async (t) => {
  const directory = await tinyFileSystem(t, 'size=1m');
  if (directory === undefined) return;
  const checkpoints = await openCheckpoints(directory, { keep: 1, shardBytes: 100_000 });
  await checkpoints.save(sampleState(1, 100_000));
  const words =
    /save the checkpoint of step 2 \(0\.\d MiB\) in .*: no space is left .*lower checkpoint\.keep/;
  // 400 kB fit beside the first; 800 kB do not.
  await assert.rejects(checkpoints.save(sampleState(2, 200_000)), storageError(words));
  assert.deepEqual(await readdir(directory), ['step-1']);
  const state = await checkpoints.loadLatest({ runConfigDigest: sampleRun });
  assert.deepEqual(state?.tensors, sampleState(1, 100_000).tensors);
  // The store goes on working when there is room again.
  assert.equal((await checkpoints.save(sampleState(3, 100_000))).step, 3);
  await checkpoints.close();
});

test('a read-only file system is refused at open', async (t) => {
  const directory = await tinyFileSystem(t, 'ro,size=1m');
  if (directory === undefined) return;
  const opening = openCheckpoints(directory, { keep: 1 });
  await assert.rejects(
    opening,
    storageError(/Cannot use .*: the file system is mounted read-only/),
  );
});

test('a volume that is not there is refused, not made', async (t) => {
  const directory = await aDirectory(t);
  const volume = join(directory, 'claim');
  const o = { keep: 1, root: volume };
  const words = /Cannot use .*claim\/a\/b for checkpoints: the directory does not exist\. Mount/;
  await assert.rejects(openCheckpoints(join(volume, 'a', 'b'), o), storageError(words));
  assert.deepEqual(await readdir(directory), []);
  await mkdir(volume);
  const checkpoints = await openCheckpoints(join(volume, 'a', 'b'), o);
  assert.equal((await checkpoints.save(sampleState(1))).step, 1);
  await checkpoints.close();
});

test('a file in the place of the directory is refused', async (t) => {
  const directory = await aDirectory(t);
  await writeFile(join(directory, 'file'), '');
  const words = storageError(/Cannot use .*(file, not a directory|exists|is in its place)/);
  await assert.rejects(openCheckpoints(join(directory, 'file'), { keep: 1 }), words);
  await assert.rejects(openCheckpoints(join(directory, 'file', 'job'), { keep: 1 }), words);
});

test('a directory that others own is refused', async (t) => {
  const directory = await aDirectory(t);
  const job = join(directory, 'job');
  await mkdir(job);
  await chmod(directory, 0o755);
  await chmod(job, 0o555);
  // Root may write everywhere; the user nobody may not.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    const words = storageError(
      /Cannot use .*job for checkpoints: access is denied\. Give the user/,
    );
    await assert.rejects(openCheckpoints(job, { keep: 1 }), words);
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('a directory that vanishes during the run fails the save in a sentence', async (t) => {
  const directory = join(await aDirectory(t), 'job');
  const checkpoints = await openCheckpoints(directory, { keep: 1 });
  await rm(directory, { recursive: true });
  const words = storageError(/save the checkpoint of step 1 .*: the directory does not exist/);
  await assert.rejects(checkpoints.save(sampleState(1)), words);
  await checkpoints.close();
});

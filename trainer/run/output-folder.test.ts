import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { assertOutputWritable, fillOutput, type OutputWork } from './output-folder.ts';

async function aVolume(t: TestContext): Promise<string> {
  const volume = await mkdtemp(join(tmpdir(), 'output-'));
  t.after(() => rm(volume, { recursive: true }));
  return volume;
}

function storageError(words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.reason, 'StorageError');
    assert.match(error.message, words);
    return true;
  };
}

/** A model and two documents that carry this word. */
function work(word: string, fault?: Error): OutputWork {
  return {
    documents: async (staging) => {
      await writeFile(join(staging, 'result.json'), word);
      await writeFile(join(staging, 'report.html'), word);
    },
    model: async (folder) => {
      if (fault) throw fault;
      await writeFile(join(folder, 'model'), word);
    },
    last: 'result.json',
  };
}

const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });

test('an output is there as a whole, and nothing beside it', async (t) => {
  const folder = join(await aVolume(t), 'a', 'b');
  await fillOutput(folder, work('new'));
  assert.deepEqual((await readdir(folder)).sort(), ['model', 'report.html', 'result.json']);
});

test('a disk that is full leaves no folder where there was none', async (t) => {
  const volume = await aVolume(t);
  const words = /Cannot write the output to .*b: no space is left on the device\. Make room/;
  await assert.rejects(fillOutput(join(volume, 'b'), work('new', full)), storageError(words));
  assert.deepEqual(await readdir(volume), []);
});

test('a disk that is full leaves the output of an earlier run as it was', async (t) => {
  const folder = await aVolume(t);
  await fillOutput(folder, work('old'));
  await assert.rejects(fillOutput(folder, work('new', full)), storageError(/no space/));
  assert.deepEqual((await readdir(folder)).sort(), ['model', 'report.html', 'result.json']);
  for (const name of await readdir(folder)) {
    assert.equal(await readFile(join(folder, name), 'utf8'), 'old');
  }
});

test('what a killed process left half done is gone after the next run', async (t) => {
  const folder = await aVolume(t);
  await mkdir(join(folder, '.new'));
  await writeFile(join(folder, '.new', 'half.json'), '{');
  await fillOutput(folder, work('new'));
  assert.deepEqual((await readdir(folder)).sort(), ['model', 'report.html', 'result.json']);
});

test('a folder that is not there yet can be written, and the check leaves no trace', async (t) => {
  const volume = await aVolume(t);
  await assertOutputWritable(join(volume, 'a', 'b'), volume);
  assert.deepEqual(await readdir(volume), []);
});

test('a volume that is not there and a file in the place of the folder are told before', async (t) => {
  const volume = await aVolume(t);
  const missing = join(volume, 'claim');
  const words =
    /Cannot use .*claim\/a for the output: the directory does not exist\. Mount .*output\.uri/;
  await assert.rejects(assertOutputWritable(join(missing, 'a'), missing), storageError(words));
  await writeFile(join(volume, 'file'), '');
  for (const path of ['file', 'file/a']) {
    await assert.rejects(
      assertOutputWritable(join(volume, path), volume),
      storageError(/a part of the path is a file, not a directory\. .*output\.uri/),
    );
  }
});

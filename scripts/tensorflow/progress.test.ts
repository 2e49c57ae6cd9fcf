import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProgress } from './progress.ts';

function written(isTTY: boolean): {
  text: () => string;
  progress: ReturnType<typeof createProgress>;
} {
  let text = '';
  const progress = createProgress({ isTTY, write: (part) => (text += part) });
  return { text: () => text, progress };
}

const mebibyte = 2 ** 20;

test('a log has one line per step, with its size', async () => {
  const { text, progress } = written(false);
  progress.note('TensorFlow');
  const result = await progress.step('download', async () => 7, 3 * mebibyte);
  await progress.step('build', async () => undefined);
  assert.equal(result, 7);
  assert.equal(text(), 'TensorFlow\n  download, 3.0 MiB\n  build\n');
});

test('a terminal sees how far the step is, and at last how long it took', async () => {
  const { text, progress } = written(true);
  await progress.step(
    'download',
    async (report) => {
      report(mebibyte);
      await sleep(400);
    },
    3 * mebibyte,
  );
  assert.match(text(), /download, 1\.0 MiB of 3\.0 MiB \(0\.\d s\)/);
  assert.match(text(), /download, 3\.0 MiB \(0\.\d s\)\n$/);
});

test('a step that fails ends its line, and its error goes on', async () => {
  const { text, progress } = written(true);
  const failing = progress.step('build', () => Promise.reject(new Error('no compiler')));
  await assert.rejects(failing, /no compiler/);
  assert.ok(text().endsWith('\n'));
});

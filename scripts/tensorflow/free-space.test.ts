import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { requireSpace } from './free-space.ts';

const folder = temporaryFolder('space-');

test('a byte has room, also in a folder that is not there yet', async () => {
  await requireSpace(folder, 1);
  await requireSpace(join(folder, 'not', 'yet'), 1);
  assert.equal(existsSync(join(folder, 'not')), false);
});

test('more than the disk has is refused with both numbers', async () => {
  await assert.rejects(requireSpace(folder, 2 ** 60), {
    reason: 'StorageError',
    message:
      /^\/.* has [\d.]+ \w+ of free space, and 1048576\.0 TiB are needed .*; make room, or name/,
  });
});

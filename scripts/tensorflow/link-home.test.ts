import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { linkHome } from './link-home.ts';

const folder = temporaryFolder('link-');

test('the link is made, led elsewhere, and mended where it led to nothing', async () => {
  const link = join(folder, 'tensorflow');
  for (const home of ['/cache/first', '/cache/second']) {
    await linkHome(link, home);
    assert.equal(readlinkSync(link), home);
  }
  assert.deepEqual(readdirSync(folder), ['tensorflow']);
});

test('what is no link is left alone', async () => {
  const own = join(folder, 'own');
  mkdirSync(own);
  await assert.rejects(linkHome(own, '/cache/first'), {
    reason: 'StorageError',
    message: /own is not a link, .*; move it away\.$/,
  });
});

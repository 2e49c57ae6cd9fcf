import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsPython, python } from '../../test/python.ts';
import { fill } from '../collective/collective-cases.testing.ts';
import { aGangFolder, gangOptions, join } from './local-gang.testing.ts';
import { openPeers } from './peers.ts';

test(
  'a worker written in Python from the .proto files alone takes part in a reduction',
  needsPython(),
  async (t) => {
    const length = 10_001;
    const chunkBytes = 4096;
    const folder = aGangFolder();
    const options = gangOptions(0, 2, folder, {
      chunkBytes,
      hasChecksums: true,
      arena: new SharedArrayBuffer(4 * length),
    });
    const ours = new Float32Array(options.arena);
    const sum = fill(ours, 1);
    const theirs = fill(new Float32Array(length), 2);
    const joining = join(t, options);
    const settings = {
      jobUid: options.jobUid,
      coordinator: await addressOf(folder),
      proto: new URL('../../api/proto', import.meta.url).pathname,
      length,
      chunkLength: chunkBytes / 4,
      values: [...theirs],
    };
    const program = await readFile(new URL('./foreign-worker.testing.py', import.meta.url), 'utf8');
    const head = `import json\nsettings = json.loads(${JSON.stringify(JSON.stringify(settings))})\n`;
    const printed = python(head + program);
    printed.catch(() => undefined);
    const gang = await Promise.race([joining, printed.then(() => joining)]);
    assert.equal(gang.membershipEpoch, 42);
    assert.equal(gang.members[1]?.backend, 'numpy');
    const [, digest] = await Promise.all([
      gang.collective.allReduce({ offset: 0, length, step: 0, bucket: 0 }),
      printed,
    ]);
    for (let index = 0; index < length; index += 1) sum[index] = sum[index]! + theirs[index]!;
    assert.deepEqual(new Float32Array(ours), sum);
    const ourDigest = createHash('sha256').update(new Uint8Array(sum.buffer)).digest('hex');
    assert.equal(digest.trim(), ourDigest, 'both hold the same bits');
  },
);

async function addressOf(folder: string): Promise<string> {
  const peers = openPeers(`dir:${folder}`, 1, 'job');
  for (;;) {
    const address = await peers.find(0);
    if (address !== undefined) return address;
    await sleep(50);
  }
}

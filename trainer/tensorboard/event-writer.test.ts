import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Failure } from '@tfjs-operator/api/failure.ts';
import { crc32c, maskedCrc32c } from './crc32c.ts';
import { openEventWriter } from './event-writer.ts';
import { openTrainingEvents } from './training-events.ts';

async function aDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'events-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('CRC-32C has the values of RFC 3720, appendix B.4', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(ascending), 0x46dd794e);
  assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('a file starts with the record that TensorFlow writes', async (t) => {
  const directory = await aDirectory(t);
  const writer = await openEventWriter(directory, { startStep: 0, now: () => 1.5 });
  await writer.close();
  const [name = ''] = await readdir(directory);
  assert.match(name, /^events\.out\.tfevents\.0000000001\./);
  const file = await readFile(join(directory, name));
  // wall_time = 1.5 (field 1), file_version = "brain.Event:2" (field 3).
  const event = Buffer.concat([
    Buffer.from('09000000000000f83f1a0d', 'hex'),
    Buffer.from('brain.Event:2'),
  ]);
  assert.equal(Number(file.readBigUInt64LE(0)), event.length);
  assert.equal(file.readUInt32LE(8), maskedCrc32c(file.subarray(0, 8)));
  assert.deepEqual(file.subarray(12, 12 + event.length), event);
  assert.equal(file.readUInt32LE(12 + event.length), maskedCrc32c(event));
});

test('much is written without being asked, and each flush appends', async (t) => {
  const directory = await aDirectory(t);
  const writer = await openEventWriter(directory, { startStep: 0, now: () => 1 });
  const size = async (): Promise<number> =>
    (await readFile(join(directory, (await readdir(directory))[0] ?? ''))).length;
  await writer.flush();
  const empty = await size();
  for (let step = 1; step <= 3000; step += 1) writer.addScalars(step, { loss: 1 / step });
  const until = Date.now() + 3000;
  while ((await size()) === empty && Date.now() < until);
  assert.ok((await size()) > empty);
  await writer.close();
  assert.ok((await size()) > 3000 * 16);
});

test('a file in the place of the directory ends in one sentence', async (t) => {
  const directory = await aDirectory(t);
  await writeFile(join(directory, 'train'), '');
  const opening = openTrainingEvents(directory, { startStep: 0, now: () => 1 });
  await assert.rejects(opening, (error: Failure) => {
    assert.equal(error.reason, 'StorageError');
    assert.match(
      error.message,
      /^Cannot write TensorBoard events to .*train\/events.*: a file is in/,
    );
    return true;
  });
});

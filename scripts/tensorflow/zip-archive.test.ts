/** Against archives that Python and the test itself wrote, whole and damaged. */
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { aZip } from './zip-archive.testing.ts';
import { extractEntry, zipEntries, type ZipEntry } from './zip-archive.ts';

const folder = temporaryFolder('zip-');
const text = Buffer.from('TensorFlow '.repeat(50_000));

async function write(name: string, content: Buffer): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

async function entryOf(file: string, path: string): Promise<ZipEntry> {
  const entry = (await zipEntries(file)).find((candidate) => candidate.path === path);
  assert.ok(entry);
  return entry;
}

test('entries come out as they went in, and programs can be run by everyone', async () => {
  const file = await write(
    'whole.zip',
    aZip({
      'a/deflated.txt': { content: text },
      'stored.bin': { content: Buffer.from([1, 2, 3]), isStored: true },
      'bin/ptxas': { content: Buffer.from('#!'), mode: 0o744 },
      empty: { content: Buffer.alloc(0), isStored: true },
    }),
  );
  const paths = (await zipEntries(file)).map(({ path }) => path);
  assert.deepEqual(paths, ['a/deflated.txt', 'stored.bin', 'bin/ptxas', 'empty']);
  for (const [path, content] of [
    ['a/deflated.txt', text],
    ['stored.bin', Buffer.from([1, 2, 3])],
    ['empty', Buffer.alloc(0)],
  ] as const) {
    const target = join(folder, 'out');
    let bytes = 0;
    const onBytes = (part: number): void => void (bytes += part);
    await extractEntry(file, await entryOf(file, path), target, { onBytes });
    assert.deepEqual(await readFile(target), content);
    assert.equal(bytes, content.length);
  }
  const program = join(folder, 'ptxas');
  await extractEntry(file, await entryOf(file, 'bin/ptxas'), program, {});
  assert.equal((await stat(program)).mode & 0o777, 0o755);
});

test('what is no zip, or only its beginning, is said', async () => {
  const whole = aZip({ 'a.txt': { content: text } });
  for (const content of [
    Buffer.alloc(0),
    Buffer.from('<html>Not found</html>'),
    whole.subarray(0, -30),
  ]) {
    await assert.rejects(zipEntries(await write('broken.zip', content)), { name: 'ZipError' });
  }
});

test('an entry with one wrong byte is found out, compressed or not', async () => {
  for (const isStored of [false, true]) {
    const content = aZip({ 'a.txt': { content: text, isStored } });
    const file = await write('bit.zip', content);
    const entry = await entryOf(file, 'a.txt');
    const middle = Math.floor(entry.compressedSize / 2) + 35;
    content[middle] = content[middle]! ^ 0x10;
    await writeFile(file, content);
    const extracting = extractEntry(file, entry, join(folder, 'bit'), {});
    await assert.rejects(extracting, { name: 'ZipError', message: /^a\.txt is damaged$/ });
  }
});

test('unpacking ends with the signal', async () => {
  const file = await write('stop.zip', aZip({ 'a.txt': { content: text } }));
  const stop = new AbortController();
  const extracting = extractEntry(file, await entryOf(file, 'a.txt'), join(folder, 'stop'), {
    signal: stop.signal,
    onBytes: () => stop.abort(),
  });
  await assert.rejects(extracting, { name: 'AbortError' });
});

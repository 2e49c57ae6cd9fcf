import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { needsPython, python } from '../../test/python.ts';
import { aFolder, failure } from '../data/fixtures.ts';
import { readZipDirectory, readZipEntry } from './zip.ts';

test(
  'Archives of Python are read: stored, deflated, empty entries, comments and zip64',
  needsPython(),
  async (t) => {
    const folder = await aFolder(t);
    await python(
      `
import zipfile
def write(name, method, comment=b''):
    with zipfile.ZipFile(name, 'w', method) as z:
        z.writestr('a.txt', 'hello ' * 50); z.writestr('empty', ''); z.writestr('ü.txt', 'x'); z.comment = comment
write('stored.zip', zipfile.ZIP_STORED)
write('deflated.zip', zipfile.ZIP_DEFLATED, b'PK\\x05\\x06 ' * 9)
write('bzip2.zip', zipfile.ZIP_BZIP2)
zipfile.ZIP64_LIMIT = 20; zipfile.ZIP_FILECOUNT_LIMIT = 1
write('wide.zip', zipfile.ZIP_DEFLATED)
`,
      { cwd: folder },
    );
    for (const name of ['stored.zip', 'deflated.zip', 'wide.zip']) {
      const archive = await readFile(join(folder, name));
      const entries = readZipDirectory(archive, name);
      const read = entries.map((entry) => [
        entry.name,
        Buffer.from(readZipEntry(archive, entry, name)).toString(),
      ]);
      assert.deepEqual(
        read,
        [
          ['a.txt', 'hello '.repeat(50)],
          ['empty', ''],
          ['ü.txt', 'x'],
        ],
        name,
      );
    }
    const bzip2 = await readFile(join(folder, 'bzip2.zip'));
    const [entry] = readZipDirectory(bzip2, 'bzip2.zip');
    const work = async (): Promise<unknown> => readZipEntry(bzip2, entry!, 'bzip2.zip');
    assert.match(await failure(work()), /entry a\.txt uses compression method 12/);
  },
);

test('An entry that announces more than the archive can hold is refused before it is unpacked', async (t) => {
  const entry = {
    name: 'x',
    method: 8,
    crc: 0,
    compressedBytes: 4,
    bytes: 2 ** 40,
    headerOffset: 0,
  };
  const archive = Buffer.alloc(34);
  archive.writeUInt32LE(0x04034b50, 0);
  const work = async (): Promise<unknown> => readZipEntry(archive, entry, 'z.zip');
  assert.match(
    await failure(work()),
    /z\.zip is no intact zip archive: the entry x is longer than the archive/,
  );
  t.diagnostic('nothing of a terabyte was allocated');
});

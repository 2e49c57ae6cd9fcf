/**
 * A folder that appears complete or not at all: files are written beside it, synced to disk and
 * renamed into place. A crash leaves the former folder, or none, plus a hidden one that the next
 * write removes.
 */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode, storageFailure } from '../storage-failure.ts';

/**
 * Replaces `folder` by what `write(temporary)` puts into a new one.
 * @returns names of the files, sorted.
 * @throws Failure('StorageError') where the disk refuses (full, forbidden, missing).
 */
export async function replaceFolder(
  folder: string,
  write: (temporary: string) => Promise<void>,
): Promise<string[]> {
  const target = resolve(folder);
  const parent = dirname(target);
  const temporary = join(parent, `.${basename(target)}.new`);
  const former = join(parent, `.${basename(target)}.old`);
  try {
    await mkdir(parent, { recursive: true });
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    await write(temporary);
    const files = (await readdir(temporary)).sort();
    for (const file of files) await syncToDisk(join(temporary, file));
    await syncToDisk(temporary);
    await rm(former, { recursive: true, force: true });
    await rename(target, former).catch(ignoreMissing);
    await rename(temporary, target);
    await syncToDisk(parent);
    await rm(former, { recursive: true, force: true });
    return files;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (errorCode(error) === undefined) throw error;
    throw storageFailure(`write the model to ${target}`, error, 'output.uri');
  }
}

async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

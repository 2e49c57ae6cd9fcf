/**
 * Checkpoints on a file system (a PVC, a local folder). A folder is built under a hidden name,
 * each file and the folder itself synced, then renamed and the parent synced: POSIX makes the
 * rename atomic, so a reader sees all of it or nothing, also after a power cut.
 *
 * It assumes one writer per directory (rank 0); any number of readers may look on.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MissingFile, type CheckpointStorage } from './checkpoint-storage.ts';
import { errorCode } from '../storage-failure.ts';

/** Hidden names: a listing of published folders never meets them. */
const savingPrefix = '.saving-';
const deletedPrefix = '.deleted-';

/**
 * @param directory existing folder that belongs to the checkpoints of one job.
 * Errors are those of the file system; `storageFailure` gives them words.
 */
export function fileStorage(directory: string): CheckpointStorage {
  // Two processes that overlap for a moment (a restart) must not write into one hidden folder.
  const writer = randomBytes(4).toString('hex');
  const building = (folder: string): string =>
    join(directory, `${savingPrefix}${writer}-${folder}`);
  return {
    async list() {
      const entries = await readdir(directory, { withFileTypes: true });
      return entries.filter((e) => e.isDirectory() && !e.name.startsWith('.')).map((e) => e.name);
    },
    get: (folder, file) => readWhole(join(directory, folder, file)),
    async put(folder, file, bytes) {
      await mkdir(building(folder), { recursive: true });
      await writeDurably(join(building(folder), file), bytes);
    },
    async publish(folder, file, bytes) {
      await this.put(folder, file, bytes);
      await syncDirectory(building(folder));
      await rename(building(folder), join(directory, folder));
      await syncDirectory(directory);
    },
    discard: (folder) => rm(building(folder), { recursive: true, force: true }),
    async delete(folder) {
      const doomed = join(directory, `${deletedPrefix}${writer}-${folder}`);
      try {
        await rename(join(directory, folder), doomed);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return;
        throw error;
      }
      await rm(doomed, { recursive: true, force: true });
    },
    async clean() {
      const names = await readdir(directory);
      const left = names.filter((n) => n.startsWith(savingPrefix) || n.startsWith(deletedPrefix));
      for (const name of left) await rm(join(directory, name), { recursive: true, force: true });
      return left;
    },
  };
}

/** Makes a directory and those above it, each on disk before a checkpoint relies on it. */
export async function makeDirectoryDurably(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  let made = resolve(directory);
  await syncDirectory(dirname(made));
  while (made !== resolve(first) && made !== dirname(made)) {
    made = dirname(made);
    await syncDirectory(dirname(made));
  }
}

/** EIO counts as missing: a bad sector is a damaged checkpoint, and an older one may be whole. */
const unreadable = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO']);

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || !unreadable.has(code)) throw error;
    throw new MissingFile(`${path} cannot be read (${code})`, { cause: error });
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** FUSE mounts of buckets know no sync of a directory and answer so; their rename is their own. */
const cannotSyncDirectories = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS']);

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    if (!cannotSyncDirectories.has(errorCode(error) ?? '')) throw error;
  } finally {
    await directory.close();
  }
}

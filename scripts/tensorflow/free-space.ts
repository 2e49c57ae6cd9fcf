/** Asks before gigabytes are written whether the disk has room for them. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes } from '../../cli/terminal/format.ts';
import { InstallFailure } from './install-failure.ts';

/** @throws InstallFailure StorageError naming both numbers. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= bytes) return;
  throw new InstallFailure(
    'StorageError',
    `${folder} has ${formatBytes(free)} of free space, and ${formatBytes(bytes)} are needed while TensorFlow is installed; make room, or name another place with XDG_CACHE_HOME or --into.`,
  );
}

/** Of the file system that the folder is on, or will be on when it is made. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isMissing || dirname(folder) === folder) throw error;
    return freeBytes(dirname(folder));
  }
}

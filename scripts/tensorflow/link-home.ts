/** Lets the trainer of this checkout find an installation without an environment variable. */
import { lstat, rename, rm, symlink } from 'node:fs/promises';
import { InstallFailure } from './install-failure.ts';

/**
 * Makes `link` lead to `home`, in one step: a worker that starts meanwhile finds the old or the new.
 * @throws InstallFailure StorageError where something else is in its place.
 */
export async function linkHome(link: string, home: string): Promise<void> {
  const found = await lstat(link).catch(() => undefined);
  if (found !== undefined && !found.isSymbolicLink()) {
    throw new InstallFailure(
      'StorageError',
      `${link} is not a link, and the trainer looks for TensorFlow there; move it away.`,
    );
  }
  const fresh = `${link}.${process.pid}`;
  await symlink(home, fresh);
  try {
    await rename(fresh, link);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

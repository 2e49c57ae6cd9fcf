/**
 * Where tests keep what is slow to build (a Python environment, a browser): outside the checkout,
 * in a folder keyed by its inputs, so that a fresh clone finds it again and a change rebuilds it.
 */
import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A build that holds the lock for longer than this died: its lock is taken over. */
const staleLockMs = 15 * 60_000;

/**
 * The folder of `name` for these inputs, built by `build(folder)` if it is not there. Processes
 * that ask at the same time wait for the one that builds; a build that fails leaves nothing.
 */
export async function cached(
  name: string,
  inputs: readonly string[],
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const key = createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 16);
  const root = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tfjs-operator');
  const folder = join(root, `${name}-${key}`);
  const lock = `${folder}.lock`;
  const done = join(folder, '.complete');
  await mkdir(root, { recursive: true });
  while (!(await exists(done))) {
    if (!(await acquire(lock))) {
      await sleep(250);
      continue;
    }
    try {
      if (!(await exists(done))) {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { recursive: true });
        await build(folder);
        await mkdir(`${done}.new`);
        await rename(`${done}.new`, done);
      }
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    } finally {
      await rm(lock, { recursive: true, force: true });
    }
  }
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** A directory is created by one process only: that is the lock. */
async function acquire(lock: string): Promise<boolean> {
  await mkdir(dirname(lock), { recursive: true });
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const held = await stat(lock).catch(() => undefined);
    if (held !== undefined && Date.now() - held.mtimeMs > staleLockMs) {
      await rm(lock, { recursive: true, force: true });
    }
    return false;
  }
}

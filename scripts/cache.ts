/**
 * Where this repository keeps what is slow to build (TensorFlow, a Python environment): outside the
 * checkout, in a folder keyed by its inputs, so that a fresh clone finds it again and a change
 * rebuilds it. A folder is there for others only when it is whole.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

type Environment = Readonly<Record<string, string | undefined>>;

export interface BuildOptions {
  /** Called once where another process is building the folder. */
  readonly onWait?: () => void;
  /** Ends the wait for another process. */
  readonly signal?: AbortSignal;
}

/** How often a build shows that it is alive, and after how long without a sign it is taken over. */
const lockBeatMs = 10_000;
const staleLockMs = 90_000;
/** Waiting costs nothing; a person must not notice it. */
const pollMs = 250;

/** The folder of all that is kept, by the XDG base directory specification. */
export function cacheRoot(env: Environment): string {
  // The specification: a variable that is empty counts as not set.
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tfjs-operator');
}

/** Where `name` for these inputs is, or is to be. */
export function cacheFolder(root: string, name: string, inputs: readonly string[]): string {
  const key = createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 16);
  return join(root, `${name}-${key}`);
}

/** The folder of `name` for these inputs, built by `build(folder)` if it is not there. */
export async function cached(
  name: string,
  inputs: readonly string[],
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = cacheFolder(cacheRoot(process.env), name, inputs);
  await buildOnce(folder, build);
  return folder;
}

/**
 * Fills `folder` by `build` unless it is whole already; true where it was built now. What a build
 * that was killed left in it is deleted first, a build that fails leaves nothing, and processes that
 * ask at the same time wait for the one that builds.
 */
export async function buildOnce(
  folder: string,
  build: (folder: string) => Promise<void>,
  { onWait, signal }: BuildOptions = {},
): Promise<boolean> {
  const lock = `${folder}.lock`;
  let isWaiting = false;
  while (!(await isWhole(folder))) {
    if (await acquire(lock)) {
      return await buildLocked(folder, lock, build);
    }
    if (!isWaiting) onWait?.();
    isWaiting = true;
    await sleep(pollMs, undefined, { signal });
  }
  return false;
}

/** Whether a build of this folder came to its end. */
export async function isWhole(folder: string): Promise<boolean> {
  return (await stat(join(folder, '.complete')).catch(() => undefined)) !== undefined;
}

async function buildLocked(
  folder: string,
  lock: string,
  build: (folder: string) => Promise<void>,
): Promise<boolean> {
  const beat = setInterval(() => void touch(lock), lockBeatMs);
  try {
    // Another process may have ended its build between the look and the lock.
    if (await isWhole(folder)) return false;
    await empty(folder);
    await build(folder);
    const done = join(folder, '.complete');
    await mkdir(`${done}.new`);
    await rename(`${done}.new`, done);
    return true;
  } catch (error) {
    // A mount point cannot be removed, only emptied; the first error is the one to tell.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(beat);
    await rm(lock, { recursive: true, force: true });
  }
}

/** The folder itself stays: it may be a mount point. */
async function empty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** A directory is created by one process only: that is the lock. */
async function acquire(lock: string): Promise<boolean> {
  await mkdir(dirname(lock), { recursive: true });
  if (await isMadeHere(lock)) return true;
  if (await isStale(lock)) await takeAway(lock);
  return false;
}

/** By one process at a time, or a second could take away the lock of the first that came after. */
async function takeAway(lock: string): Promise<void> {
  const referee = `${lock}.stale`;
  if (!(await isMadeHere(referee))) return;
  try {
    if (await isStale(lock)) await rm(lock, { recursive: true, force: true });
  } finally {
    await rm(referee, { recursive: true, force: true });
  }
}

async function isMadeHere(directory: string): Promise<boolean> {
  try {
    await mkdir(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

async function isStale(lock: string): Promise<boolean> {
  const held = await stat(lock).catch(() => undefined);
  return held !== undefined && Date.now() - held.mtimeMs > staleLockMs;
}

async function touch(lock: string): Promise<void> {
  const now = new Date();
  // Taken away by hand: the build goes on, and nothing is left to keep alive.
  await utimes(lock, now, now).catch(() => undefined);
}

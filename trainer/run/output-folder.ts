/**
 * The folder that a run leaves its result in: checked before the training, and filled in one go at
 * the end. Knows nothing of what is written; a reader finds all of it or what was there before.
 */
import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, storageFailure } from '../storage-failure.ts';

/** Documents wait here, beside their places, until all of them are written. */
const stagingName = '.new';

/**
 * That a run could write there: tried before the training, for its end may be hours away.
 * @param root the mounted volume: never made, for without its mount data would go to a lost place.
 * @throws Failure StorageError.
 */
export async function assertOutputWritable(folder: string, root: string): Promise<void> {
  try {
    await readdir(root);
    await rmdir(await mkdtemp(join(await nearestFolder(folder), '.probe-')));
  } catch (error) {
    throw storageFailure(`use ${folder} for the output`, error, 'output.uri');
  }
}

/** The folder itself, or the one in which it would be made. */
async function nearestFolder(path: string): Promise<string> {
  try {
    // Reading it tells a file in its place from a folder.
    await readdir(path);
    return path;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return nearestFolder(dirname(path));
  }
}

export interface OutputWork {
  /** Writes the documents into a folder beside their places. */
  readonly documents: (staging: string) => Promise<void>;
  /** Puts the model into the folder; it replaces the one before in one step. */
  readonly model: (folder: string) => Promise<void>;
  /** The document that comes last: where it is, everything else is. */
  readonly last: string;
}

/**
 * @returns when everything is in its place.
 * @throws Failure StorageError where the disk refuses; nothing half written is left, and an output
 * of an earlier run stays as it was.
 */
export async function fillOutput(folder: string, work: OutputWork): Promise<void> {
  const staging = join(folder, stagingName);
  let isOurs = false;
  try {
    isOurs = (await mkdir(folder, { recursive: true })) !== undefined;
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging);
    await work.documents(staging);
    await work.model(folder);
    const others = (await readdir(staging)).filter((name) => name !== work.last).sort();
    for (const name of [...others, work.last]) {
      await rename(join(staging, name), join(folder, name));
    }
    await rmdir(staging);
  } catch (error) {
    // What is wrong is said already; a disk that also refuses to clean up adds nothing.
    await Promise.allSettled([discard(staging, isOurs ? folder : undefined)]);
    const isSystemError = errorCode(error) !== undefined;
    throw isSystemError
      ? storageFailure(`write the output to ${folder}`, error, 'output.uri')
      : error;
  }
}

async function discard(staging: string, emptyFolder: string | undefined): Promise<void> {
  await rm(staging, { recursive: true, force: true });
  if (emptyFolder === undefined) return;
  const isEmpty = (await readdir(emptyFolder)).length === 0;
  if (isEmpty) await rmdir(emptyFolder);
}

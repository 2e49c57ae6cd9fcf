/**
 * The checkpoints of one job: what the trainer sees of this folder. Opening prepares the directory
 * and clears what a killed process left; saving happens in the background; loading finds the newest
 * whole checkpoint of this very run.
 */
import { access, mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkpointShardBytes, type CheckpointReceipt } from '@tfjs-operator/api/checkpoint.ts';
import { BackgroundWriter } from './background-writer.ts';
import { fileStorage, makeDirectoryDurably } from './file-storage.ts';
import { readNewest, type Expectation, type LoadedState } from './read-checkpoint.ts';
import { errorCode, storageFailure } from '../storage-failure.ts';
import type { TrainingState } from './training-state.ts';

export interface CheckpointStore {
  /**
   * Copies the state before it returns, writes in the background. A save that waits behind a
   * running one is replaced by a newer one and resolves with the newer receipt.
   * @returns when the state (or a newer one) is durable. Rejects with Failure(StorageError).
   */
  save(state: TrainingState): Promise<CheckpointReceipt>;
  /**
   * The newest intact checkpoint, or null where there is none at all; `skipped` names newer ones
   * that are damaged. Rejects with Failure(CheckpointError | StorageError).
   */
  loadLatest(expected: Expectation): Promise<LoadedState | null>;
  /** Waits for saves under way. */
  close(): Promise<void>;
}

export interface CheckpointOptions {
  /** Newest checkpoints to keep, at least 1. The volume needs room for one more. */
  readonly keep: number;
  /** Folder that must exist (the mounted volume); those below it are made. Default: the parent. */
  readonly root?: string;
  /** Leads to the directory in receipts, for example `pvc://claim/path`. Default: the directory. */
  readonly uri?: string;
  /** For ranks that only load: makes nothing, deletes nothing, cannot save. */
  readonly readOnly?: boolean;
  /** Told of leftovers that were deleted and of damaged checkpoints. */
  readonly onNotice?: (sentence: string) => void;
  /** Bytes of a shard; default `checkpointShardBytes`. */
  readonly shardBytes?: number;
  readonly now?: () => Date;
}

/** @throws Failure(StorageError) where the directory is missing, forbidden or not a directory. */
export async function openCheckpoints(
  directory: string,
  options: CheckpointOptions,
): Promise<CheckpointStore> {
  if (!Number.isInteger(options.keep) || options.keep < 1) {
    throw new RangeError(`keep is ${options.keep}; at least 1 checkpoint must stay`);
  }
  const notice = options.onNotice ?? (() => undefined);
  const storage = fileStorage(directory);
  const damaged = new Set<string>();
  let writer: BackgroundWriter | undefined;
  if (options.readOnly !== true) {
    await prepare(directory, options.root ?? dirname(directory));
    const left = await inWords(`clean the checkpoint directory ${directory}`, storage.clean());
    for (const name of left) notice(`Deleted ${name} in ${directory}, left by a killed process.`);
    const { keep, shardBytes = checkpointShardBytes } = options;
    writer = new BackgroundWriter(
      { location: { kind: 'file', directory }, keep, shardBytes },
      damaged,
    );
  }
  return {
    async save(state) {
      if (writer === undefined) throw new TypeError('The checkpoints were opened to read only.');
      const receipt = await writer.save(state, options.now?.() ?? new Date());
      return { ...receipt, uri: `${(options.uri ?? directory).replace(/\/$/, '')}/${receipt.uri}` };
    },
    async loadLatest(expected) {
      if (options.readOnly === true && !(await exists(directory))) return null;
      const reading = readNewest(storage, expected, directory);
      const found = await inWords(`read the checkpoints in ${directory}`, reading);
      for (const { folder, reason } of found?.skipped ?? []) {
        damaged.add(folder);
        notice(`Skipped the damaged checkpoint ${folder} in ${directory}: ${reason}.`);
      }
      return found;
    },
    close: async () => writer?.close(),
  };
}

/** Makes the directory, but never the volume: without its mount, data would go to a lost place. */
async function prepare(directory: string, root: string): Promise<void> {
  const words = `use ${directory} for checkpoints`;
  await inWords(words, readdir(root));
  await inWords(words, makeDirectoryDurably(directory));
  await inWords(words, tryToWrite(directory));
}

/** access(2) asks for the real user and knows nothing of a full disk or of NFS: only trying tells. */
async function tryToWrite(directory: string): Promise<void> {
  await rmdir(await mkdtemp(join(directory, '.saving-probe-')));
}

async function exists(directory: string): Promise<boolean> {
  try {
    await access(directory);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw storageFailure(`read the checkpoints in ${directory}`, error, 'checkpoint.uri');
  }
}

async function inWords<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && errorCode(error) !== undefined)
      throw storageFailure(doing, error, 'checkpoint.uri');
    throw error;
  }
}

/**
 * Entry of the thread that writes checkpoints: takes snapshots one at a time, answers with a
 * receipt or with the sentence of a failure. It shares nothing with the training thread but the
 * snapshot's buffer, so a blocked event loop over there does not hold a save up.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointReceipt } from '@tfjs-operator/api/checkpoint.ts';
import type { StorageLocation } from './checkpoint-storage.ts';
import { fileStorage } from './file-storage.ts';
import type { Snapshot } from './snapshot.ts';
import { errorCode, storageFailure } from '../storage-failure.ts';
import { writeCheckpoint, type WriteOptions } from './write-checkpoint.ts';

/** `workerData` of the thread. */
export interface WriterSettings {
  readonly location: StorageLocation;
  readonly keep: number;
  readonly shardBytes: number;
}

/** Asks the thread for one save; it gets the next only after its answer. */
export interface WriteRequest {
  readonly snapshot: Snapshot;
  readonly damaged: WriteOptions['damaged'];
}

/** `failure` is a sentence about the storage. */
export type WriteAnswer = { readonly receipt: CheckpointReceipt } | { readonly failure: string };

const { location, keep, shardBytes } = workerData as WriterSettings;
const storage = fileStorage(location.directory);

async function answer({ snapshot, damaged }: WriteRequest): Promise<WriteAnswer> {
  try {
    return { receipt: await writeCheckpoint(storage, snapshot, { keep, shardBytes, damaged }) };
  } catch (error) {
    // No errno: a fault of this program, which ends the thread and is reported as such.
    if (errorCode(error) === undefined) throw error;
    const size = `${(snapshot.bytes / 1024 / 1024).toFixed(1)} MiB`;
    const doing = `save the checkpoint of step ${snapshot.head.step} (${size}) in ${location.directory}`;
    return { failure: storageFailure(doing, error, 'checkpoint.uri').message };
  }
}

parentPort?.on('message', (request: WriteRequest) => {
  void answer(request).then((message) => parentPort?.postMessage(message));
});

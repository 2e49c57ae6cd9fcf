/**
 * One save, from snapshot to durable folder: shards, manifest, publish, then the old ones go.
 * Runs in the writer's thread; knows the storage only by its seam.
 */
import { createHash } from 'node:crypto';
import {
  checkpointManifestFile,
  type CheckpointReceipt,
  type CheckpointShard,
} from '@tfjs-operator/api/checkpoint.ts';
import { newestFirst, nextCheckpointName } from './checkpoint-name.ts';
import type { CheckpointStorage } from './checkpoint-storage.ts';
import { encodeManifest } from './manifest.ts';
import type { Snapshot } from './snapshot.ts';

export interface WriteOptions {
  /** Checkpoints that stay, this one included; at least 1. */
  readonly keep: number;
  readonly shardBytes: number;
  /** Folders that the reader found damaged: they do not count, and they go. */
  readonly damaged: readonly string[];
}

/** @returns the receipt; its `uri` is the folder's name, for the caller to complete. */
export async function writeCheckpoint(
  storage: CheckpointStorage,
  snapshot: Snapshot,
  options: WriteOptions,
): Promise<CheckpointReceipt> {
  const { folder, step } = nextCheckpointName(snapshot.head.step, await storage.list());
  try {
    const shards = await putShards(storage, folder, snapshot, options.shardBytes);
    const { bytes, digest } = encodeManifest({
      ...snapshot.head,
      tensors: snapshot.tensors,
      shards,
      extra: JSON.parse(snapshot.extra) as unknown,
    });
    await storage.publish(folder, checkpointManifestFile, bytes);
    await prune(storage, folder, options);
    return { step, uri: folder, digest, time: snapshot.head.time };
  } catch (error) {
    // A failed save leaves nothing: on a full disk its half would be in everybody's way. The first
    // error is the one to report; what cannot be discarded now, `clean` takes at the next start.
    await Promise.allSettled([storage.discard(folder)]);
    throw error;
  }
}

async function putShards(
  storage: CheckpointStorage,
  folder: string,
  snapshot: Snapshot,
  shardBytes: number,
): Promise<readonly CheckpointShard[]> {
  const shards: CheckpointShard[] = [];
  for (let offset = 0; offset < snapshot.bytes; offset += shardBytes) {
    const bytes = Math.min(shardBytes, snapshot.bytes - offset);
    const piece = new Uint8Array(snapshot.buffer, offset, bytes);
    const name = `shard-${String(shards.length).padStart(5, '0')}.bin`;
    await storage.put(folder, name, piece);
    shards.push({ name, bytes, sha256: createHash('sha256').update(piece).digest('hex') });
  }
  return shards;
}

/** Keeps the one just written and, of the others, the newest; a step counts once. */
async function prune(storage: CheckpointStorage, written: string, o: WriteOptions): Promise<void> {
  const names = newestFirst(await storage.list());
  const writtenStep = names.find((name) => name.folder === written)?.step;
  const keptSteps = new Set([writtenStep]);
  for (const { folder, step } of names) {
    if (folder === written) continue;
    const isSurplus = keptSteps.has(step) || keptSteps.size >= o.keep;
    if (isSurplus || o.damaged.includes(folder)) await storage.delete(folder);
    else keptSteps.add(step);
  }
}

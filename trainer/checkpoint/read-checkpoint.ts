/**
 * Reads checkpoints back: the newest one whose every byte is what was written. Decides what counts
 * as damage (an older one is tried) and what is a mistake of the user (the run ends with a sentence).
 */
import { createHash } from 'node:crypto';
import {
  checkpointManifestFile,
  type CheckpointManifest,
  type CheckpointShard,
} from '@tfjs-operator/api/checkpoint.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { NamedArray } from '../named-array.ts';
import { newestFirst } from './checkpoint-name.ts';
import { MissingFile, type CheckpointStorage } from './checkpoint-storage.ts';
import { DamagedCheckpoint } from './damaged-checkpoint.ts';
import { decodeManifest } from './manifest.ts';
import type { TrainingState } from './training-state.ts';

/** What a checkpoint must agree with; a field left out is not compared. */
export interface Expectation {
  readonly runConfigDigest: string;
  readonly datasetDigest?: string;
}

/** A checkpoint that was passed over. */
export interface SkippedCheckpoint {
  readonly folder: string;
  readonly step: number;
  /** The rest of a sentence that begins with the checkpoint's name. */
  readonly reason: string;
}

export interface LoadedState extends TrainingState {
  readonly folder: string;
  readonly digest: string;
  readonly time: string;
  /** Newer checkpoints that are damaged, newest first; empty in a healthy directory. */
  readonly skipped: readonly SkippedCheckpoint[];
}

/**
 * @param place the directory, for sentences.
 * @returns null where there is no checkpoint at all.
 * @throws Failure(CheckpointError) where the newest whole one belongs to another run, or none of
 * them is whole.
 */
export async function readNewest(
  storage: CheckpointStorage,
  expected: Expectation,
  place: string,
): Promise<LoadedState | null> {
  const skipped: SkippedCheckpoint[] = [];
  for (const { folder, step } of newestFirst(await storage.list())) {
    try {
      return { ...(await readCheckpoint(storage, folder, expected, place)), skipped };
    } catch (error) {
      if (!(error instanceof DamagedCheckpoint)) throw error;
      skipped.push({ folder, step, reason: error.message });
    }
  }
  const newest = skipped[0];
  if (newest === undefined) return null;
  throw new Failure(
    'CheckpointError',
    `${damage(skipped.length, place)} (${newest.folder}: ${newest.reason}): restore the directory from a backup, or set checkpoint.uri to an empty folder to start anew.`,
  );
}

function damage(count: number, place: string): string {
  return count === 1
    ? `The only checkpoint in ${place} is damaged`
    : `None of the ${count} checkpoints in ${place} is intact`;
}

async function readCheckpoint(
  storage: CheckpointStorage,
  folder: string,
  expected: Expectation,
  place: string,
): Promise<Omit<LoadedState, 'skipped'>> {
  const file = await getIntact(storage, folder, checkpointManifestFile);
  const manifest = decodeManifest(file, folder);
  // Before the shards: with a wrong run config there is no point in reading gigabytes.
  demandSameRun(manifest, expected, place);
  const run = await readShards(storage, folder, manifest.shards);
  const { runConfigDigest, datasetDigest, seed, epoch, step, extra, digest, time } = manifest;
  const tensors = cutTensors(manifest, run);
  return {
    runConfigDigest,
    datasetDigest,
    seed,
    epoch,
    step,
    tensors,
    extra,
    folder,
    digest,
    time,
  };
}

function demandSameRun(manifest: CheckpointManifest, expected: Expectation, place: string): void {
  if (manifest.runConfigDigest !== expected.runConfigDigest) {
    throw new Failure(
      'CheckpointError',
      `The checkpoints in ${place} belong to another run config (${shown(manifest.runConfigDigest)}; this one is ${shown(expected.runConfigDigest)}): set checkpoint.uri to an empty folder to start anew, or undo the change of the manifest to resume.`,
    );
  }
  if (expected.datasetDigest !== undefined && manifest.datasetDigest !== expected.datasetDigest) {
    throw new Failure(
      'CheckpointError',
      `The checkpoints in ${place} were made with other data (${shown(manifest.datasetDigest)}; it is ${shown(expected.datasetDigest)} now): restore the data set to resume, or set checkpoint.uri to an empty folder to start anew.`,
    );
  }
}

/** Enough of a digest to compare two by eye. */
function shown(digest: string): string {
  const most = 'sha256:'.length + 12;
  return digest.length > most ? `${digest.slice(0, most)}…` : digest;
}

async function readShards(
  storage: CheckpointStorage,
  folder: string,
  shards: readonly CheckpointShard[],
): Promise<ArrayBuffer> {
  const total = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const run = new Uint8Array(total);
  let offset = 0;
  for (const shard of shards) {
    const bytes = await getIntact(storage, folder, shard.name);
    if (bytes.byteLength !== shard.bytes) {
      throw new DamagedCheckpoint(
        `${shard.name} has ${bytes.byteLength} bytes instead of ${shard.bytes}`,
      );
    }
    if (createHash('sha256').update(bytes).digest('hex') !== shard.sha256) {
      throw new DamagedCheckpoint(`${shard.name} does not have the checksum in the manifest`);
    }
    run.set(bytes, offset);
    offset += shard.bytes;
  }
  return run.buffer;
}

/** Views into one buffer: the trainer copies them into its variables and lets go of all. */
function cutTensors(manifest: CheckpointManifest, run: ArrayBuffer): readonly NamedArray[] {
  return manifest.tensors.map(({ name, shape, offset, bytes }) => ({
    name,
    shape,
    data: new Float32Array(run, offset, bytes / Float32Array.BYTES_PER_ELEMENT),
  }));
}

async function getIntact(
  storage: CheckpointStorage,
  folder: string,
  file: string,
): Promise<Uint8Array> {
  try {
    return await storage.get(folder, file);
  } catch (error) {
    if (!(error instanceof MissingFile)) throw error;
    throw new DamagedCheckpoint(`${file} is missing or cannot be read`, { cause: error });
  }
}

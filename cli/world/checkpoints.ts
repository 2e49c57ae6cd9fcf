/**
 * What a checkpoint directory holds (api/checkpoint.ts), as far as a run has to know before it
 * starts, and its removal. Deletes nothing but checkpoints, and only below the runs folder.
 */
import { readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, sep } from 'node:path';
import { checkpointManifestFile, type CheckpointManifest } from '@tfjs-operator/api/checkpoint.ts';

export interface NewestCheckpoint {
  readonly step: number;
  readonly runConfigDigest: string;
}

const checkpointName = /^step-\d+(\.\d+)?$/;
const leftoverName = /^\.(saving|deleted)-/;

/** The checkpoint of the greatest step, or undefined where there is none. */
export function newestCheckpoint(directory: string): NewestCheckpoint | undefined {
  const found = entriesOf(directory)
    .filter((name) => checkpointName.test(name))
    .map((name) => readManifest(join(directory, name, checkpointManifestFile)))
    .filter((manifest) => manifest !== undefined);
  return found.sort((a, b) => b.step - a.step)[0];
}

/** True where the folder lies below the other one, links resolved. */
export function isBelow(directory: string, ancestor: string): boolean {
  try {
    return realpathSync(directory).startsWith(realpathSync(ancestor) + sep);
  } catch {
    // A folder that does not exist holds nothing that could be deleted.
    return false;
  }
}

/** Removes the checkpoints of a folder, and leaves everything else in it alone. */
export function removeCheckpoints(directory: string): void {
  for (const name of entriesOf(directory)) {
    if (!checkpointName.test(name) && !leftoverName.test(name)) continue;
    rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // No folder yet: no checkpoint yet.
    return [];
  }
}

function readManifest(file: string): NewestCheckpoint | undefined {
  try {
    const { step, runConfigDigest } = JSON.parse(readFileSync(file, 'utf8')) as CheckpointManifest;
    return { step, runConfigDigest };
  } catch {
    // Without a readable manifest it is no checkpoint; the trainer judges it in the same way.
    return undefined;
  }
}

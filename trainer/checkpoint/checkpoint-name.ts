/**
 * Names of checkpoint folders: `step-400`, and `step-400.1` for a later checkpoint of the same step
 * (before and after validation, say). A published folder is never written again, so there is no
 * moment without a whole checkpoint of the step.
 */

export interface CheckpointName {
  readonly folder: string;
  readonly step: number;
  readonly version: number;
}

/** Undefined for a folder that is no checkpoint of ours: it is left alone. */
export function parseCheckpointName(folder: string): CheckpointName | undefined {
  const match = /^step-(\d{1,15})(?:\.(\d{1,6}))?$/.exec(folder);
  if (match?.[1] === undefined) return undefined;
  return { folder, step: Number(match[1]), version: Number(match[2] ?? 0) };
}

/** The checkpoints among the folders, newest first. */
export function newestFirst(folders: readonly string[]): readonly CheckpointName[] {
  return folders
    .map(parseCheckpointName)
    .filter((name) => name !== undefined)
    .sort((a, b) => b.step - a.step || b.version - a.version);
}

/** A name for a checkpoint of the step that none of the folders has. */
export function nextCheckpointName(step: number, folders: readonly string[]): CheckpointName {
  const newest = newestFirst(folders).find((name) => name.step === step);
  const version = newest === undefined ? 0 : newest.version + 1;
  return { folder: version === 0 ? `step-${step}` : `step-${step}.${version}`, step, version };
}

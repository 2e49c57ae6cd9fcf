/**
 * Whether a run goes on from a checkpoint or starts anew. What people expect: the same command goes
 * on after an interruption or a crash, and trains anew after a complete run; nothing is thrown away
 * silently that a changed manifest can no longer use.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { NewestCheckpoint } from './checkpoints.ts';
import type { RunRecord } from './run-record.ts';

export interface ResumeInput {
  /** The checkpoint folder; undefined where the job keeps no checkpoints (or not on this machine). */
  readonly directory: string | undefined;
  readonly newest: NewestCheckpoint | undefined;
  /** True where the folder lies below the runs folder: only there anything is deleted. */
  readonly isOurs: boolean;
  readonly record: RunRecord | undefined;
  readonly runConfigDigest: string;
  readonly isFresh: boolean;
}

export interface ResumePlan {
  readonly removesCheckpoints: boolean;
  /** True where the run continues the one before, under the same uid. */
  readonly isContinued: boolean;
  /** What the person should know, if anything. */
  readonly note?: string;
}

const startsNew: ResumePlan = { removesCheckpoints: false, isContinued: false };

/** Ends after which the checkpoints hold nothing to go on from: all steps are done. */
const finalOutcomes = ['Complete', 'RequirementUnmet'];

/**
 * @throws Failure UsageError where `--fresh` would have to delete elsewhere; CheckpointError where an
 * unfinished run had another run config.
 */
export function planResume(input: ResumeInput): ResumePlan {
  const { directory, newest, isOurs, record, runConfigDigest, isFresh } = input;
  if (directory === undefined || newest === undefined) return startsNew;
  if (isFresh && !isOurs) {
    throw new Failure(
      'UsageError',
      `--fresh deletes only below the runs folder, and the checkpoints are in ${directory}; delete them yourself.`,
    );
  }
  if (isFresh) {
    const note = `Deleted the checkpoints up to step ${newest.step}; training starts anew.`;
    return { removesCheckpoints: true, isContinued: false, note };
  }
  const isFinal = record !== undefined && finalOutcomes.includes(record.outcome);
  if (isFinal && isOurs) {
    const note = 'The run before was complete; training starts anew.';
    return { removesCheckpoints: true, isContinued: false, note };
  }
  if (newest.runConfigDigest !== runConfigDigest) throw otherRunConfig(input, newest);
  return {
    removesCheckpoints: false,
    isContinued: true,
    note: isFinal
      ? `The run before was complete; delete its checkpoints in ${directory} to train anew.`
      : `Going on from the checkpoint of step ${newest.step}; --fresh starts anew.`,
  };
}

function otherRunConfig({ directory, isOurs }: ResumeInput, newest: NewestCheckpoint): Failure {
  const way = isOurs ? 'use --fresh to delete them' : 'delete them';
  return new Failure(
    'CheckpointError',
    `The checkpoints in ${directory} (step ${newest.step}) belong to an unfinished run with another ` +
      `configuration; undo the change to go on from there, or ${way} and train anew.`,
  );
}

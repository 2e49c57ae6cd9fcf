/** TensorBoard event files of a run, written by rank 0 beside its output. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openTrainingEvents } from '../tensorboard/training-events.ts';
import type { JoinedRun } from './join-run.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { ProgressTracker } from './progress-tracker.ts';
import type { RunObserver } from './run-observer.ts';

export interface EventRecorder extends RunObserver {
  /** @throws Failure StorageError where a write has failed. */
  close(): Promise<void>;
}

const recordNothing: EventRecorder = {
  onStep: () => undefined,
  onEpoch: () => undefined,
  close: async () => undefined,
};

/**
 * A run that goes on adds to the files of its earlier attempts; one that starts anew removes them,
 * for its curves would lie over the old ones.
 */
export async function recordEvents(
  run: PreparedRun,
  { gang, resumedFromStep }: JoinedRun,
  progress: ProgressTracker,
): Promise<EventRecorder> {
  if (gang.rank !== 0) return recordNothing;
  const folder = join(run.resolve(run.runConfig.output.uri), 'tensorboard');
  if (resumedFromStep === null) await rm(folder, { recursive: true, force: true });
  const events = await openTrainingEvents(folder, {
    startStep: resumedFromStep ?? 0,
    now: () => Date.now() / 1000,
  });
  return {
    onStep: (facts) => events.addStep({ ...facts, samplesPerSecond: progress.samplesPerSecond() }),
    onEpoch: (record) => events.addEpoch(record),
    close: () => events.close(),
  };
}

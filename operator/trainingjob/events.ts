/**
 * Events of a pass: one for each change of state and one for each attempt that ended. The same
 * observation twice gives no second event, as it follows from the difference to the old status.
 */
import { eventReasons } from './reasons.ts';
import type { Termination } from './terminations.ts';
import type { TrainingJob, TrainingJobStatus } from './training-job.ts';
import type { JobEvent } from './types.ts';

export function eventsOf(
  job: TrainingJob,
  status: TrainingJobStatus,
  ended: readonly Termination[],
): readonly JobEvent[] {
  const workers = ended.map((termination): JobEvent => ({
    type: termination.reason === 'Interrupted' ? 'Normal' : 'Warning',
    reason: eventReasons.workerEnded,
    message: `Worker ${termination.rank} ended (${termination.reason}, exit code ${termination.exitCode}): ${termination.message}`,
  }));
  return [...workers, ...resumed(job, status), ...changed(job, status)];
}

/** An attempt that goes on from a checkpoint says from which step. */
function resumed(job: TrainingJob, status: TrainingJobStatus): readonly JobEvent[] {
  const attempt = status.attempts.at(-1);
  const known = job.status?.attempts.at(-1)?.number ?? 0;
  if (attempt?.resumedFromStep === undefined || attempt.number <= known) return [];
  if (attempt.endTime !== undefined) return [];
  const message = `Training goes on from the checkpoint of step ${attempt.resumedFromStep}.`;
  return [{ type: 'Normal', reason: eventReasons.resumed, message }];
}

function changed(job: TrainingJob, status: TrainingJobStatus): readonly JobEvent[] {
  const before = job.status?.conditions.find(({ type }) => type === 'Ready');
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  if (!ready || before?.reason === ready.reason) return [];
  const isTrouble = status.conditions.some((c) => c.type === 'Stalled' && c.status === 'True');
  return [{ type: isTrouble ? 'Warning' : 'Normal', reason: ready.reason, message: ready.message }];
}

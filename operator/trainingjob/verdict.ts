/**
 * What state the job is in, as the first matching policy of an ordered chain. Policies are pure
 * functions of facts gathered before; conditions, phase and events all follow from the verdict.
 */
import { restartsUsed } from './attempts.ts';
import type { Facts } from './facts.ts';
import { hasJobCondition } from './gang.ts';
import { messages, reasons } from './reasons.ts';
import type { Condition } from './kubernetes.ts';
import type { JobPhase, TrainingJob } from './training-job.ts';

export interface Verdict {
  readonly phase: JobPhase;
  readonly reason: string;
  readonly message: string;
  /** True where nothing moves on until a person changes something. */
  readonly isStalled?: boolean;
}

type Policy = (facts: Facts) => Verdict | undefined;

/** runPolicy.maxRestarts where the manifest names none; the schema has the same default. */
export const defaultMaxRestarts = 10;

const policies: readonly Policy[] = [
  // A finished job stays as it is, whatever its children do: nothing retrains.
  finished,
  // Rank 0 writes the model and ends last: its success is the job's.
  completed,
  // An error that a restart cannot mend ends the job at once, with the worker's own sentence.
  permanentFailure,
  // The batch Job gave up (its own limits, or somebody else's).
  batchJobFailed,
  // Retryable errors have a budget.
  restartLimit,
  // Nothing is touched that belongs to somebody else.
  nameConflict,
  // A wrong manifest waits for its correction; workers of the last good one keep running.
  invalidConfig,
  missingConfig,
  // Suspended jobs have no deadlines.
  suspended,
  activeDeadline,
  startDeadline,
  // Otherwise the workers say it.
  recovering,
  running,
];

export function judge(facts: Facts): Verdict {
  for (const policy of policies) {
    const verdict = policy(facts);
    if (verdict) return verdict;
  }
  return { phase: 'Starting', reason: reasons.starting, message: messages.starting };
}

/** The condition of this type if it is True. */
function trueCondition(job: TrainingJob, type: string): Condition | undefined {
  return job.status?.conditions.find((c) => c.type === type && c.status === 'True');
}

function failed(reason: string, message: string): Verdict {
  return { phase: 'Failed', reason, message, isStalled: true };
}

function blocked(reason: string, message: string): Verdict {
  return { phase: 'Pending', reason, message, isStalled: true };
}

function finished({ job }: Facts): Verdict | undefined {
  const complete = trueCondition(job, 'Complete');
  if (complete) return { phase: 'Complete', reason: complete.reason, message: complete.message };
  const failure = trueCondition(job, 'Failed');
  return failure && failed(failure.reason, failure.message);
}

function completed({ success, batchJob }: Facts): Verdict | undefined {
  if (!success && !hasJobCondition(batchJob, 'Complete')) return undefined;
  return { phase: 'Complete', reason: reasons.completed, message: messages.completed };
}

function permanentFailure({ ended }: Facts): Verdict | undefined {
  const cause = ended.find((termination) => !termination.isRetryable);
  return cause && failed(cause.reason, cause.message);
}

function batchJobFailed({ batchJob }: Facts): Verdict | undefined {
  const condition = batchJob?.status?.conditions?.find(
    ({ type, status }) => type === 'Failed' && status === 'True',
  );
  return condition && failed(reasons.jobFailed, messages.jobFailed(condition.message));
}

function restartLimit({ job, attempts }: Facts): Verdict | undefined {
  const limit = job.spec.runPolicy?.maxRestarts ?? defaultMaxRestarts;
  const last = attempts.at(-1);
  if (last?.endTime === undefined || restartsUsed(attempts) <= limit) return undefined;
  return failed(reasons.restartLimitReached, messages.restartLimitReached(last.message ?? ''));
}

function nameConflict({ stranger }: Facts): Verdict | undefined {
  if (!stranger) return undefined;
  return blocked(
    reasons.nameConflict,
    messages.nameConflict(stranger.kind, stranger.metadata.name),
  );
}

function invalidConfig({ runConfig }: Facts): Verdict | undefined {
  return runConfig.kind === 'invalid'
    ? blocked(reasons.invalidConfig, runConfig.message)
    : undefined;
}

function missingConfig({ runConfig }: Facts): Verdict | undefined {
  if (runConfig.kind !== 'missing') return undefined;
  return { phase: 'Pending', reason: reasons.configMissing, message: runConfig.message };
}

function suspended({ job }: Facts): Verdict | undefined {
  if (!job.spec.suspend) return undefined;
  return { phase: 'Suspended', reason: reasons.suspended, message: messages.suspended };
}

function activeDeadline({ deadlines }: Facts): Verdict | undefined {
  if (deadlines.active === undefined || deadlines.active > 0) return undefined;
  return failed(reasons.deadlineExceeded, messages.deadlineExceeded);
}

function startDeadline({ deadlines, gang }: Facts): Verdict | undefined {
  if (deadlines.start === undefined || deadlines.start > 0) return undefined;
  return failed(reasons.startDeadlineExceeded, messages.startDeadlineExceeded(gang.missingRanks));
}

function recovering({ gang, hasStarted, attempts }: Facts): Verdict | undefined {
  const isBroken = gang.endedRanks.length > 0 || (hasStarted && !gang.isWhole);
  if (!isBroken && attempts.at(-1)?.endTime === undefined) return undefined;
  return { phase: 'Recovering', reason: reasons.recovering, message: messages.recovering };
}

function running({ gang }: Facts): Verdict | undefined {
  if (!gang.isWhole) return undefined;
  return { phase: 'Running', reason: reasons.training, message: messages.training };
}

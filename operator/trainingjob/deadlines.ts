/**
 * The clocks of a job: how long it was active, how long it waits for its workers, how long since
 * the last step. All of them follow from times in the status, so a restarted controller goes on
 * counting where the old one stopped.
 */
import type { Progress } from '@tfjs-operator/api/progress.ts';
import type { Attempt, ProgressStatus, TrainingJob } from './training-job.ts';

/** Seconds left by deadline, negative once passed; undefined where it is not set or not running. */
export interface Deadlines {
  readonly active: number | undefined;
  readonly start: number | undefined;
  readonly progress: number | undefined;
}

/** What the schema has as defaults, seconds: a job that was stored without them is treated alike. */
const defaultSeconds = { start: 600, progress: 600 } as const;

export interface Clocks {
  readonly job: TrainingJob;
  readonly attempts: readonly Attempt[];
  /** When the workers were first wanted, or wanted again after a suspension; ms. */
  readonly wantedSince: number | undefined;
  readonly hasStarted: boolean;
  readonly progress: Progress | null;
  readonly progressStatus: ProgressStatus | undefined;
  readonly now: number;
}

export function deadlinesOf(clocks: Clocks): Deadlines {
  const { job, attempts, wantedSince, hasStarted, now } = clocks;
  if (wantedSince === undefined)
    return { active: undefined, start: undefined, progress: undefined };
  const policy = job.spec.runPolicy ?? {};
  const active = policy.activeDeadlineSeconds;
  const start = policy.startDeadlineSeconds ?? defaultSeconds.start;
  const lastStep = lastStepTime(clocks);
  const limit = policy.progressDeadlineSeconds ?? defaultSeconds.progress;
  return {
    active: active === undefined ? undefined : active - activeSeconds(attempts, now),
    start: hasStarted ? undefined : start - (now - wantedSince) / 1000,
    progress: lastStep === undefined ? undefined : limit - (now - lastStep) / 1000,
  };
}

/** Seconds until the next deadline, at least zero; null where none runs. */
export function nextDeadline(deadlines: Deadlines): number | null {
  const left = Object.values(deadlines).filter((seconds) => seconds !== undefined);
  return left.length === 0 ? null : Math.max(0, Math.min(...left));
}

/** Suspended time lies between attempts, so it does not count. */
function activeSeconds(attempts: readonly Attempt[], now: number): number {
  return attempts.reduce((sum, { startTime, endTime }) => {
    const end = endTime === undefined ? now : Date.parse(endTime);
    return sum + Math.max(0, end - Date.parse(startTime)) / 1000;
  }, 0);
}

/** The clock of the progress deadline runs while the gang trains: validation makes no steps. */
function lastStepTime({ attempts, progress, progressStatus }: Clocks): number | undefined {
  const attempt = attempts.at(-1);
  if (!attempt || attempt.endTime !== undefined || progress?.phase !== 'training') return undefined;
  const lastStep = progressStatus ? Date.parse(progressStatus.lastUpdateTime) : 0;
  return Math.max(lastStep, Date.parse(attempt.startTime));
}

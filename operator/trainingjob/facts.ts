/**
 * Everything that the policies ask about, computed once from the observed world: ownership, the
 * gang, the ledger, the clocks. Pure, as all of this folder.
 */
import { endAttempt, updateLedger, type Ledger } from './attempts.ts';
import { childrenOf, replicasOf } from './children.ts';
import { deadlinesOf, type Deadlines } from './deadlines.ts';
import { jobOf, observeGang, type Gang } from './gang.ts';
import type { Job, KubernetesObject } from './kubernetes.ts';
import { attemptReasons, messages } from './reasons.ts';
import { checkpointStatus, progressStatus } from './status.ts';
import { terminationsOf, type Termination } from './terminations.ts';
import type { Attempt, ProgressStatus, TrainingJob, TrainingJobStatus } from './training-job.ts';
import type { Child, Observed, RunConfigResolution } from './types.ts';

export interface Facts {
  readonly job: TrainingJob;
  readonly runConfig: RunConfigResolution;
  readonly isFinished: boolean;
  /** The children as they are to be, empty where the run config is not known. */
  readonly wanted: readonly Child[];
  readonly batchJob: Job | undefined;
  /** An object of somebody else under a name that a child needs. */
  readonly stranger: KubernetesObject | undefined;
  readonly gang: Gang;
  readonly attempts: readonly Attempt[];
  /** Terminations that ended an attempt in this pass. */
  readonly ended: readonly Termination[];
  /** True where this pass found that no step was made for too long. */
  readonly isStuck: boolean;
  /** The end of rank 0, if it ended well. */
  readonly success: Termination | undefined;
  /** True once all workers were ready since the start or the last resume. */
  readonly hasStarted: boolean;
  readonly deadlines: Deadlines;
  readonly progress: ProgressStatus | undefined;
  readonly checkpoint: TrainingJobStatus['checkpoint'];
}

export function gather(observed: Observed): Facts {
  const { job, pods, now } = observed;
  const isFinished = isTrue(job, 'Complete') || isTrue(job, 'Failed');
  const wantedSince = isFinished ? undefined : wantedSinceOf(observed);
  const gang = observeGang(pods, replicasOf(job));
  const progress = progressStatus(observed.progress, job.status?.progress);
  const checkpoint = checkpointStatus(observed.progress, job.status?.checkpoint);
  const ledger = isFinished
    ? { attempts: job.status?.attempts ?? [], ended: [] }
    : continueLedger(observed, checkpoint?.step, wantedSince);
  const hasStarted = hasStartedSince(job.status, gang, wantedSince);
  const deadlines = deadlinesOf({
    job,
    attempts: ledger.attempts,
    wantedSince,
    hasStarted,
    progress: observed.progress,
    progressStatus: progress,
    now,
  });
  const isStuck = deadlines.progress !== undefined && deadlines.progress <= 0;
  const wanted = wantedChildren(observed);
  const owned = observed.children.filter((child) => isOwned(job, child));
  return {
    job,
    runConfig: observed.runConfig,
    isFinished,
    wanted,
    batchJob: jobOf(owned, job.metadata.name),
    stranger: observed.children.find((child) => !isOwned(job, child) && isAmong(wanted, child)),
    gang,
    attempts: isStuck ? endStuck(ledger, observed) : ledger.attempts,
    ended: ledger.ended,
    isStuck,
    success: terminationsOf(pods).find(({ rank, exitCode }) => rank === 0 && exitCode === 0),
    hasStarted,
    deadlines,
    progress,
    checkpoint,
  };
}

function continueLedger(
  { job, pods, now }: Observed,
  checkpointStep: number | undefined,
  wantedSince: number | undefined,
): Ledger {
  const attempts = job.status?.attempts ?? [];
  const replicas = replicasOf(job);
  return updateLedger({ attempts, pods, replicas, checkpointStep, wantedSince, now });
}

/** True for a child that the job owns. */
export function isOwned(job: TrainingJob, child: KubernetesObject): boolean {
  return (child.metadata.ownerReferences ?? []).some(({ uid }) => uid === job.metadata.uid);
}

export function isAmong(objects: readonly KubernetesObject[], object: KubernetesObject): boolean {
  const { kind, metadata } = object;
  return objects.some((other) => other.kind === kind && other.metadata.name === metadata.name);
}

function isTrue(job: TrainingJob, type: string): boolean {
  return (job.status?.conditions ?? []).some((c) => c.type === type && c.status === 'True');
}

/** The workers are wanted since the condition Suspended is False, or from now on. */
function wantedSinceOf({ job, runConfig, now }: Observed): number | undefined {
  if (job.spec.suspend || runConfig.kind !== 'resolved') return undefined;
  const suspended = job.status?.conditions.find(({ type }) => type === 'Suspended');
  return suspended?.status === 'False' ? Date.parse(suspended.lastTransitionTime) : now;
}

/** Once Running was True, a later change of it is a recovery and no late start. */
function hasStartedSince(
  status: TrainingJobStatus | undefined,
  gang: Gang,
  wantedSince: number | undefined,
): boolean {
  if (wantedSince === undefined) return false;
  if (gang.isWhole) return true;
  const running = status?.conditions.find(({ type }) => type === 'Running');
  if (!running || !status?.startTime) return false;
  // It turns False when the gang breaks: after the start or the resume only if it was whole.
  return running.status === 'True' || Date.parse(running.lastTransitionTime) > wantedSince;
}

function wantedChildren({ job, runConfig, settings }: Observed): readonly Child[] {
  if (runConfig.kind !== 'resolved') return [];
  const isSuspended = job.spec.suspend ?? false;
  return childrenOf({ job, runConfig: runConfig.runConfig, settings, isSuspended });
}

function endStuck({ attempts }: Ledger, { progress, now }: Observed): readonly Attempt[] {
  const rank = progress?.slowestRank ?? null;
  const end = { reason: attemptReasons.stalled, message: messages.noProgress(rank) };
  return endAttempt(attempts, rank === null ? end : { ...end, rank }, now);
}

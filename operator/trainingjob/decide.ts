/**
 * The whole logic of one TrainingJob: plain data in, plain data out. No I/O, no clock, no
 * randomness; the cluster's controller and the local world both act on what it returns. Deciding
 * again on the world that it asked for changes nothing.
 */
import type { Summary } from '@tfjs-operator/api/result.ts';
import { conditionsOf } from './conditions.ts';
import { nextDeadline } from './deadlines.ts';
import { eventsOf } from './events.ts';
import { gather, isAmong, isOwned, type Facts } from './facts.ts';
import { hasJobCondition } from './gang.ts';
import type { KubernetesObject } from './kubernetes.ts';
import { resultStatus, runConfigStatus, workersStatus } from './status.ts';
import { timestamp } from './timestamp.ts';
import type { TrainingJobStatus } from './training-job.ts';
import type { Child, Decision, ObjectReference, Observed } from './types.ts';
import { judge, type Verdict } from './verdict.ts';

export function decide(observed: Observed): Decision {
  const facts = gather(observed);
  const verdict = judge(facts);
  const status = statusOf(observed, facts, verdict);
  return {
    apply: toApply(facts, verdict),
    remove: toRemove(observed, facts, verdict).map(referenceOf),
    status,
    events: eventsOf(observed.job, status, facts.ended),
    requeueAfter: isEnd(verdict) ? ttlLeft(observed, status) : nextDeadline(facts.deadlines),
  };
}

/** A verdict after which no worker runs any more. */
function isEnd({ phase }: Verdict): boolean {
  return phase === 'Complete' || phase === 'Failed';
}

function toApply({ wanted, stranger }: Facts, verdict: Verdict): readonly Child[] {
  // A job that ended keeps its children as they are; a name that is taken is never touched.
  return isEnd(verdict) || stranger ? [] : wanted;
}

function toRemove(observed: Observed, facts: Facts, verdict: Verdict): readonly KubernetesObject[] {
  const { job, children, pods } = observed;
  if (isEnd(verdict)) {
    const left = ttlLeft(observed, facts.job.status);
    if (facts.isFinished && left !== null && left <= 0) return [job];
    return facts.batchJob && !keepsPods(facts, verdict) ? [facts.batchJob] : [];
  }
  // Workers that make no step are started again, all of them: nobody knows who holds up whom.
  if (facts.isStuck) return pods;
  // A child under a name that is no longer wanted.
  if (facts.wanted.length === 0) return [];
  return children.filter((child) => isOwned(job, child) && !isAmong(facts.wanted, child));
}

/**
 * Whether the batch Job stays when the TrainingJob ended. A failed one stays only if Kubernetes gave
 * it up too: the kubelet would restart the workers of any other for ever.
 */
function keepsPods({ job, batchJob }: Facts, verdict: Verdict): boolean {
  const policy = job.spec.runPolicy?.cleanPodPolicy ?? 'Running';
  if (policy === 'All') return false;
  return verdict.phase === 'Complete' || hasJobCondition(batchJob, 'Failed');
}

/** Seconds until a finished job is to be deleted; null where it stays as a record. */
function ttlLeft({ job, now }: Observed, status: TrainingJobStatus | undefined): number | null {
  const seconds = job.spec.runPolicy?.ttlSecondsAfterFinished;
  if (seconds === undefined || status?.completionTime === undefined) return null;
  return Math.max(0, seconds - (now - Date.parse(status.completionTime)) / 1000);
}

function referenceOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectReference {
  const { name, namespace, uid } = metadata;
  return { apiVersion, kind, name, namespace, ...(uid === undefined ? {} : { uid }) };
}

function statusOf(observed: Observed, facts: Facts, verdict: Verdict): TrainingJobStatus {
  const { job, now, pods } = observed;
  const observedGeneration = job.metadata.generation ?? 0;
  const previous = job.status?.conditions ?? [];
  return {
    observedGeneration,
    phase: verdict.phase,
    conditions: conditionsOf(verdict, {
      previous,
      observedGeneration,
      now,
      hasPods: pods.length > 0,
    }),
    restarts: Math.max(0, (facts.attempts.at(-1)?.number ?? 1) - 1),
    workers: workersStatus(observed, facts.gang),
    attempts: facts.attempts,
    ...withoutUndefined({
      startTime: stampOnce(job.status?.startTime, verdict.phase === 'Running', now),
      completionTime: stampOnce(job.status?.completionTime, isEnd(verdict), now),
      runConfig: runConfigStatus(facts) ?? job.status?.runConfig,
      progress: facts.progress,
      checkpoint: facts.checkpoint,
      result: resultStatus(summaryOf(facts), job.spec.output?.uri, job.status?.result),
    }),
  };
}

/** A run whose evaluation was below what is required has a result too. */
function summaryOf({ success, ended }: Facts): Summary | undefined {
  return success?.summary ?? ended.find(({ summary }) => summary !== undefined)?.summary;
}

/** A time that is written once, when its condition first holds. */
function stampOnce(previous: string | undefined, holds: boolean, now: number): string | undefined {
  return previous ?? (holds ? timestamp(now) : undefined);
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): Partial<TrainingJobStatus> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

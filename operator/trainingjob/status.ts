/**
 * The status fields that are copied: progress and checkpoint from rank 0's progress document, the
 * result from its last words. Values that did not move keep their old time stamps.
 */
import type { Progress } from '@tfjs-operator/api/progress.ts';
import type { Summary } from '@tfjs-operator/api/result.ts';
import { replicasOf } from './children.ts';
import type { Gang } from './gang.ts';
import { labelKeys } from './reasons.ts';
import type { ProgressStatus, TrainingJobStatus, WorkersStatus } from './training-job.ts';
import type { Child, Observed } from './types.ts';

/** The schema's bound of workers.backendReason, characters. */
const maxReasonLength = 1024;

/** Progress for the status; lastUpdateTime is when the step or the epoch last rose. */
export function progressStatus(
  progress: Progress | null,
  previous: ProgressStatus | undefined,
): ProgressStatus | undefined {
  if (!progress || progress.phase === 'starting' || progress.phase === 'joining') return previous;
  const isUnmoved = previous?.step === progress.step && previous.epoch === progress.epoch;
  return {
    epoch: progress.epoch,
    epochs: progress.epochs,
    step: progress.step,
    totalSteps: progress.totalSteps,
    percent: Math.round(progress.percent),
    samplesPerSecond: progress.samplesPerSecond,
    ...(progress.secondsRemaining === null
      ? {}
      : { secondsRemaining: Math.round(progress.secondsRemaining) }),
    metrics: progress.metrics,
    ...(progress.slowestRank === null ? {} : { slowestRank: progress.slowestRank }),
    communicationShare: progress.communicationShare,
    lastUpdateTime: isUnmoved ? previous.lastUpdateTime : progress.lastUpdateTime,
  };
}

/** The newest checkpoint: a progress document of a worker that just restarted knows none. */
export function checkpointStatus(
  progress: Progress | null,
  previous: TrainingJobStatus['checkpoint'],
): TrainingJobStatus['checkpoint'] {
  return progress?.checkpoint ?? previous;
}

/** The result that outlives the pod. */
export function resultStatus(
  summary: Summary | undefined,
  outputUri: string | undefined,
  previous: TrainingJobStatus['result'],
): TrainingJobStatus['result'] {
  if (!summary) return previous;
  return {
    uri: outputUri ?? summary.outputDirectory,
    digest: summary.modelDigest,
    metrics: { ...summary.metrics, ...accuracyOf(summary), loss: summary.loss },
  };
}

function accuracyOf({ accuracy }: Summary): Record<string, number> {
  return accuracy === null ? {} : { accuracy };
}

/** The gang as people and autoscalers see it. */
export function workersStatus(observed: Observed, gang: Gang): WorkersStatus {
  const { job, pods } = observed;
  return {
    desired: job.spec.suspend ? 0 : replicasOf(job),
    replicas: pods.filter(({ status }) => isAlive(status.phase)).length,
    ready: gang.ready,
    selector: `${labelKeys.jobName}=${job.metadata.name}`,
    ...membershipOf(observed),
  };
}

function membershipOf({
  job,
  progress,
}: Observed): Pick<WorkersStatus, 'worldSize' | 'membershipEpoch' | 'backend' | 'backendReason'> {
  const previous = job.status?.workers;
  if (!progress) {
    return {
      worldSize: previous?.worldSize ?? 0,
      membershipEpoch: previous?.membershipEpoch ?? 0,
    };
  }
  const { worldSize, membershipEpoch, backend } = progress;
  if (!backend) return { worldSize, membershipEpoch };
  const backendReason = backend.reason.slice(0, maxReasonLength);
  return { worldSize, membershipEpoch, backend: backend.name, backendReason };
}

/** The merged run config by its ConfigMap. */
export function runConfigStatus(o: {
  readonly wanted: readonly Child[];
  readonly runConfig: Observed['runConfig'];
}): TrainingJobStatus['runConfig'] {
  const configMap = o.wanted.find(({ kind }) => kind === 'ConfigMap');
  if (!configMap || o.runConfig.kind !== 'resolved') return undefined;
  return { name: configMap.metadata.name, digest: o.runConfig.runConfig.digest };
}

function isAlive(phase: string): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed';
}

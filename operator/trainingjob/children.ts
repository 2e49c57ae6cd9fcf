/**
 * The children of a TrainingJob: an immutable ConfigMap with the run config, a headless Service by
 * which the workers find each other, and the Indexed Job whose pods are the workers. Pure builders:
 * the same input gives the same objects to the byte.
 */
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import type { ConfigMap, Job, ObjectMeta, OwnerReference, Service } from './kubernetes.ts';
import { podTemplate } from './pod-template.ts';
import { labelKeys, managedByValue } from './reasons.ts';
import type { TrainingJob } from './training-job.ts';
import type { Child, WorkerSettings } from './types.ts';

/** Key of the run config in its ConfigMap, and its file name in the worker. */
export const runConfigFile = 'run-config.json';

/** Hexadecimal digits of the digest in the ConfigMap's name: no clash within one job's history. */
const digestDigits = 10;

/**
 * The Job's own limit sums the restarts of all pods and cannot tell one incident of P workers from
 * P incidents, so the ledger of attempts decides and this limit must never come first.
 */
const unlimitedBackoff = 2_147_483_647;

export interface ChildrenInput {
  readonly job: TrainingJob;
  readonly runConfig: RunConfig;
  readonly settings: WorkerSettings;
  readonly isSuspended: boolean;
}

/** The children in the order in which they are to be applied: the pods need the others. */
export function childrenOf(input: ChildrenInput): readonly Child[] {
  return [runConfigMap(input), headlessService(input), workersJob(input)];
}

/** Label value that ties a Job to its run config: label values exclude the colon of a digest. */
export function digestLabel(runConfig: RunConfig): string {
  return runConfig.digest.replace(/^sha256:/, '').slice(0, digestDigits);
}

export function replicasOf(job: TrainingJob): number {
  return job.spec.workers.replicas;
}

function configMapName({ job, runConfig }: ChildrenInput): string {
  return `${job.metadata.name}-${digestLabel(runConfig)}`;
}

function runConfigMap(input: ChildrenInput): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMeta(input, configMapName(input)),
    immutable: true,
    data: { [runConfigFile]: JSON.stringify(input.runConfig) },
  };
}

function headlessService(input: ChildrenInput): Service {
  const { job, settings } = input;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMeta(input, job.metadata.name),
    spec: {
      clusterIP: 'None',
      // The workers find each other in order to become ready.
      publishNotReadyAddresses: true,
      selector: { [labelKeys.jobName]: job.metadata.name },
      ports: [
        { name: 'grpc', port: settings.grpcPort },
        { name: 'http', port: settings.httpPort },
      ],
    },
  };
}

function workersJob(input: ChildrenInput): Job {
  const replicas = replicasOf(input.job);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: childMeta(input, input.job.metadata.name),
    spec: {
      completionMode: 'Indexed',
      completions: replicas,
      parallelism: replicas,
      backoffLimit: unlimitedBackoff,
      suspend: input.isSuspended,
      // Rank 0 writes the result and ends last; the others have nothing left to do then.
      successPolicy: { rules: [{ succeededIndexes: '0' }] },
      // Two pods of one rank would both claim its place in the gang.
      podReplacementPolicy: 'Failed',
      template: podTemplate({
        ...input,
        configMapName: configMapName(input),
        labels: labelsOf(input),
      }),
    },
  };
}

function labelsOf({ job, runConfig }: ChildrenInput): Readonly<Record<string, string>> {
  return {
    [labelKeys.managedBy]: managedByValue,
    [labelKeys.jobName]: job.metadata.name,
    [labelKeys.runConfig]: digestLabel(runConfig),
  };
}

function childMeta(input: ChildrenInput, name: string): ObjectMeta {
  const { namespace } = input.job.metadata;
  return { name, namespace, labels: labelsOf(input), ownerReferences: [ownerOf(input.job)] };
}

/** The reference by which a child belongs to the job and is deleted with it. */
export function ownerOf(job: TrainingJob): OwnerReference {
  const { apiVersion, kind, metadata } = job;
  const { name, uid } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

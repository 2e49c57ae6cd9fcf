/**
 * What `decide` takes and gives: the observed world of one TrainingJob and the decision about it,
 * both plain data. The TrainingJob itself is in training-job.ts, its children in kubernetes.ts.
 */
import type { Progress } from '@tfjs-operator/api/progress.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import type { ConfigMap, Job, KubernetesObject, Pod, Service } from './kubernetes.ts';
import type { TrainingJob, TrainingJobStatus } from './training-job.ts';

/** The outcome of merging the manifest with the files it references. */
export type RunConfigResolution =
  | { readonly kind: 'resolved'; readonly runConfig: RunConfig }
  /** The sentence for the person who wrote the manifest. */
  | { readonly kind: 'invalid'; readonly message: string }
  /** A referenced object is not there yet; it may come. */
  | { readonly kind: 'missing'; readonly message: string };

/** How workers are built, apart from the job: given once by main. */
export interface WorkerSettings {
  /** Image of the worker container where the job's template names none. */
  readonly image: string;
  readonly grpcPort: number;
  readonly httpPort: number;
}

export interface Observed {
  readonly job: TrainingJob;
  readonly runConfig: RunConfigResolution;
  /** Objects of the child kinds that the job owns, and strangers that hold a child's name. */
  readonly children: readonly KubernetesObject[];
  /** Pods of the current Job. */
  readonly pods: readonly Pod[];
  /** Rank 0's latest progress document of this job, null before the first. */
  readonly progress: Progress | null;
  readonly settings: WorkerSettings;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type Child = ConfigMap | Service | Job;

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
}

export interface JobEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface Decision {
  /** In the order in which they are to be applied. */
  readonly apply: readonly Child[];
  readonly remove: readonly ObjectReference[];
  readonly status: TrainingJobStatus;
  readonly events: readonly JobEvent[];
  /** Seconds until time alone changes the decision; null where only an event can. */
  readonly requeueAfter: number | null;
}

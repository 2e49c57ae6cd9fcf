/**
 * The TrainingJob as the controller works with it: the generated spec, and a status whose fields are
 * all there once the controller wrote them (the schema has them optional).
 */
import type { TrainingJobSpec } from '@tfjs-operator/api/generated/trainingjob.ts';
import type { Condition, ObjectMeta } from './kubernetes.ts';

export interface TrainingJob {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta & { readonly uid: string };
  readonly spec: TrainingJobSpec;
  readonly status?: TrainingJobStatus;
}

export type { TrainingJobSpec };

/** One life of the gang, from its start to the termination that ended it. */
export interface Attempt {
  readonly number: number;
  readonly startTime: string;
  readonly endTime?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode?: number;
  /** The rank that ended the attempt. */
  readonly rank?: number;
  readonly resumedFromStep?: number;
}

export interface ProgressStatus {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly totalSteps: number;
  readonly percent: number;
  readonly samplesPerSecond: number;
  readonly secondsRemaining?: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly slowestRank?: number;
  readonly communicationShare: number;
  /** When the step or the epoch last rose. */
  readonly lastUpdateTime: string;
}

export interface WorkersStatus {
  readonly desired: number;
  readonly replicas: number;
  readonly ready: number;
  readonly worldSize: number;
  readonly membershipEpoch: number;
  readonly selector: string;
  readonly backend?: string;
  readonly backendReason?: string;
}

export type JobPhase =
  'Pending' | 'Suspended' | 'Starting' | 'Running' | 'Recovering' | 'Complete' | 'Failed';

export interface TrainingJobStatus {
  readonly observedGeneration: number;
  readonly phase: JobPhase;
  readonly conditions: readonly Condition[];
  /** First time that all workers were there. */
  readonly startTime?: string;
  readonly completionTime?: string;
  /** Attempts after the first. */
  readonly restarts: number;
  readonly workers: WorkersStatus;
  readonly runConfig?: { readonly name: string; readonly digest: string };
  readonly progress?: ProgressStatus;
  readonly attempts: readonly Attempt[];
  readonly checkpoint?: {
    readonly step: number;
    readonly uri: string;
    readonly digest: string;
    readonly time: string;
  };
  readonly result?: {
    readonly uri: string;
    readonly digest: string;
    readonly metrics: Readonly<Record<string, number>>;
  };
}

/**
 * The TrainingJob as the controller reads it: those fields that decisions and children depend on.
 * Everything that only the trainer needs travels in the run config. The generated types of
 * crds/trainingjobs.yaml fit these.
 */
import type { Condition, EnvironmentVariable, ObjectMeta } from './kubernetes.ts';

export interface RunPolicy {
  readonly activeDeadlineSeconds?: number;
  readonly startDeadlineSeconds?: number;
  readonly progressDeadlineSeconds?: number;
  readonly maxRestarts?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly cleanPodPolicy?: 'All' | 'Running' | 'None';
  readonly scheduling?: {
    readonly priorityClassName?: string;
    readonly schedulerName?: string;
    readonly gang?: 'None' | 'Coscheduling' | 'Volcano';
  };
}

/** spec.workers.template: what the pods get besides. */
export interface WorkerTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly volumes?: readonly { readonly name: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  /** nodeSelector, tolerations, affinity …: fields that the pod takes as they are. */
  readonly [podField: string]: unknown;
}

export interface TrainingJobSpec {
  readonly suspend?: boolean;
  readonly runtime?: 'tfjs' | 'custom';
  readonly workers: {
    readonly replicas: number;
    readonly resources?: Readonly<Record<string, unknown>>;
    readonly template?: WorkerTemplate;
  };
  readonly output?: { readonly uri: string };
  readonly runPolicy?: RunPolicy;
}

export interface TrainingJob {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta & { readonly uid: string };
  readonly spec: TrainingJobSpec;
  readonly status?: TrainingJobStatus;
}

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

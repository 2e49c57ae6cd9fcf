/**
 * The parts of Kubernetes objects that the controller reads and writes, as plain data with the
 * field names of the Kubernetes API. Both worlds speak them: the cluster hands over what its API
 * server stores, the local world makes the same shapes from processes and files. No client here.
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any object as far as ownership, naming and deletion need it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

export interface ConfigMap extends KubernetesObject {
  readonly apiVersion: 'v1';
  readonly kind: 'ConfigMap';
  readonly immutable?: boolean;
  readonly data: Readonly<Record<string, string>>;
}

export interface Service extends KubernetesObject {
  readonly apiVersion: 'v1';
  readonly kind: 'Service';
  readonly spec: {
    readonly clusterIP: 'None';
    readonly publishNotReadyAddresses: boolean;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly name: string; readonly port: number }[];
  };
}

/** A variable of a container; only literal values are made by the controller. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly [field: string]: unknown;
}

export interface PodSpec {
  readonly restartPolicy?: 'OnFailure' | 'Never' | 'Always';
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly Container[];
  readonly [field: string]: unknown;
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

export interface Job extends KubernetesObject {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly spec: {
    readonly completionMode: 'Indexed';
    readonly completions: number;
    readonly parallelism: number;
    readonly backoffLimit: number;
    readonly suspend: boolean;
    readonly successPolicy: { readonly rules: readonly { readonly succeededIndexes: string }[] };
    readonly podReplacementPolicy: 'Failed';
    readonly template: PodTemplate;
  };
  readonly status?: {
    readonly conditions?: readonly Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[];
  };
}

export interface TerminatedState {
  readonly exitCode: number;
  readonly signal?: number;
  /** `OOMKilled`, `Error`, `Completed` …: the container runtime's word. */
  readonly reason?: string;
  /** The termination message, at most 4,096 bytes. */
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: TerminatedState;
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState?: ContainerState;
}

export interface Pod extends KubernetesObject {
  readonly status: {
    readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    readonly reason?: string;
    readonly message?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/**
 * The pod of a worker: who it is (api/environment.ts), where its volumes are, how it is probed, and
 * the restricted security context. Built for the worst cluster: non-root, read-only root file
 * system, no service account token.
 */
import { environment } from '@tfjs-operator/api/environment.ts';
import type { WorkerTemplate } from '@tfjs-operator/api/generated/trainingjob.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { claimsOf } from './claims.ts';
import type { Container, EnvironmentVariable, PodTemplate } from './kubernetes.ts';
import type { TrainingJob } from './training-job.ts';
import type { WorkerSettings } from './types.ts';

export const workerContainer = 'worker';

const configDirectory = '/etc/tfjs-operator';
const volumeRoot = '/volumes';
/** Where Kubernetes reads the last words of a container by default. */
const terminationLog = '/dev/termination-log';

/** A step and a checkpoint of a large model fit into it; Kubernetes' default of 30 s is short. */
const gracePeriodSeconds = 120;

/** User and group of the images ("nonroot" of distroless images). */
const nonRootId = 65532;

/** Eager training blocks the event loop for a step: a probe has to outlast a long one. */
const probeTimeoutSeconds = 5;
const livenessFailures = 12;

/** Fields of spec.workers.template that the pod takes as they are, and those for the container. */
const podFields = ['nodeSelector', 'tolerations', 'affinity', 'imagePullSecrets'];
const containerFields = ['imagePullPolicy', 'command', 'args'];

export interface PodTemplateInput {
  readonly job: TrainingJob;
  readonly runConfig: RunConfig;
  readonly settings: WorkerSettings;
  readonly configMapName: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function podTemplate(input: PodTemplateInput): PodTemplate {
  const { job, runConfig, configMapName, labels } = input;
  const template = job.spec.workers.template ?? {};
  const claims = claimsOf(runConfig);
  const volumes = claims.map((claim, index) => ({
    name: `claim-${index}`,
    persistentVolumeClaim: { claimName: claim.name, readOnly: !claim.isWritten },
  }));
  const { priorityClassName, schedulerName } = job.spec.runPolicy?.scheduling ?? {};
  const { annotations } = template.metadata ?? {};
  return {
    metadata: {
      labels: { ...template.metadata?.labels, ...labels },
      ...(annotations ? { annotations } : {}),
    },
    spec: {
      ...pick(template, podFields),
      ...(priorityClassName ? { priorityClassName } : {}),
      ...(schedulerName ? { schedulerName } : {}),
      restartPolicy: 'OnFailure',
      terminationGracePeriodSeconds: gracePeriodSeconds,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      subdomain: job.metadata.name,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: nonRootId,
        runAsGroup: nonRootId,
        fsGroup: nonRootId,
        fsGroupChangePolicy: 'OnRootMismatch',
        ...template.securityContext,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [worker(input)],
      volumes: [
        { name: 'run-config', configMap: { name: configMapName } },
        { name: 'tmp', emptyDir: {} },
        ...volumes,
        ...(template.volumes ?? []),
      ],
    },
  };
}

function worker(input: PodTemplateInput): Container {
  const { job, runConfig, settings } = input;
  const mounts = claimsOf(runConfig).map((claim, index) => ({
    name: `claim-${index}`,
    mountPath: `${volumeRoot}/${claim.name}`,
    readOnly: !claim.isWritten,
  }));
  const { resources, template = {} } = job.spec.workers;
  return {
    name: workerContainer,
    ...pick(template, containerFields),
    image: template.image ?? settings.image,
    env: [...(template.env ?? []), ...workerEnvironment(input)],
    ports: [
      { name: 'grpc', containerPort: settings.grpcPort },
      { name: 'http', containerPort: settings.httpPort },
    ],
    ...(resources ? { resources } : {}),
    readinessProbe: probe('/readyz', { periodSeconds: 2, failureThreshold: 3 }),
    livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: livenessFailures }),
    // A worker that dies without a word is explained by the end of its log.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { name: 'run-config', mountPath: configDirectory, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
      ...mounts,
      ...(template.volumeMounts ?? []),
    ],
  };
}

function pick(
  template: WorkerTemplate,
  fields: readonly string[],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(template).filter(([key]) => fields.includes(key)));
}

function probe(
  path: string,
  timing: { readonly periodSeconds: number; readonly failureThreshold: number },
): unknown {
  return { httpGet: { path, port: 'http' }, timeoutSeconds: probeTimeoutSeconds, ...timing };
}

/** JOB_COMPLETION_INDEX is not here: Kubernetes sets it on the pods of an Indexed Job. */
function workerEnvironment({ job, settings }: PodTemplateInput): readonly EnvironmentVariable[] {
  const { name, namespace, uid } = job.metadata;
  const host = `${name}-{rank}.${name}.${namespace}.svc`;
  const values: readonly (readonly [string, string])[] = [
    [environment.runConfig, `${configDirectory}/run-config.json`],
    [environment.jobUid, uid],
    [environment.jobName, name],
    [environment.jobNamespace, namespace],
    [environment.replicas, String(job.spec.workers.replicas)],
    [environment.peers, `dns:${host}:${settings.grpcPort}`],
    [environment.grpcAddress, `0.0.0.0:${settings.grpcPort}`],
    [environment.httpAddress, `0.0.0.0:${settings.httpPort}`],
    [environment.volumeRoot, volumeRoot],
    [environment.terminationLog, terminationLog],
  ];
  return values.map(([key, value]) => ({ name: key, value }));
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrainingJobSpec } from '@tfjs-operator/api/generated/trainingjob.ts';
import { childrenOf } from './children.ts';
import type { ConfigMap, Container, Job, Service } from './kubernetes.ts';
import { runConfig, World } from './testing/world.ts';

function build(spec: Partial<TrainingJobSpec> = {}): [ConfigMap, Service, Job] {
  const { job, settings } = new World({ spec }).observed();
  return childrenOf({ job, runConfig, settings, isSuspended: false }) as [ConfigMap, Service, Job];
}

function workerOf(job: Job): Container {
  const [container] = job.spec.template.spec.containers;
  assert.ok(container);
  return container;
}

test('all children belong to the job and are deleted with it', () => {
  for (const { metadata } of build()) {
    assert.deepEqual(metadata.ownerReferences, [
      {
        apiVersion: 'tfjs-operator.io/v1alpha1',
        kind: 'TrainingJob',
        name: 'mnist',
        uid: '3d8f-uid',
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
  }
});

test('the ConfigMap is immutable, named by the digest, and holds the run config', () => {
  const [configMap, , job] = build();
  assert.equal(configMap.immutable, true);
  assert.equal(configMap.metadata.name, 'mnist-0123456789');
  assert.deepEqual(JSON.parse(configMap.data['run-config.json'] ?? ''), runConfig);
  const volumes = job.spec.template.spec['volumes'] as {
    name: string;
    configMap?: { name: string };
  }[];
  assert.equal(
    volumes.find(({ name }) => name === 'run-config')?.configMap?.name,
    'mnist-0123456789',
  );
});

test('the Service is headless, publishes workers before they are ready, and selects the pods', () => {
  const [, service, job] = build();
  assert.equal(service.spec.clusterIP, 'None');
  assert.equal(service.spec.publishNotReadyAddresses, true);
  const labels = job.spec.template.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(service.spec.selector))
    assert.equal(labels[key], value);
  assert.equal(job.spec.template.spec['subdomain'], service.metadata.name);
});

test('the Job is indexed, restarts in place, never gives up by itself, and ends with rank 0', () => {
  const { spec } = build()[2];
  assert.equal(spec.completionMode, 'Indexed');
  assert.deepEqual([spec.completions, spec.parallelism], [2, 2]);
  assert.equal(spec.template.spec.restartPolicy, 'OnFailure');
  assert.equal(spec.backoffLimit, 2 ** 31 - 1);
  assert.deepEqual(spec.successPolicy, { rules: [{ succeededIndexes: '0' }] });
});

test('a worker learns who it is and where its peers are from its environment', () => {
  const env = Object.fromEntries(
    (workerOf(build()[2]).env ?? []).map(({ name, value }) => [name, value]),
  );
  assert.deepEqual(env, {
    TFJS_RUN_CONFIG: '/etc/tfjs-operator/run-config.json',
    TFJS_JOB_UID: '3d8f-uid',
    TFJS_JOB_NAME: 'mnist',
    TFJS_JOB_NAMESPACE: 'ml',
    TFJS_REPLICAS: '2',
    TFJS_PEERS: 'dns:mnist-{rank}.mnist.ml.svc:7070',
    TFJS_GRPC_ADDRESS: '0.0.0.0:7070',
    TFJS_HTTP_ADDRESS: '0.0.0.0:9090',
    TFJS_VOLUME_ROOT: '/volumes',
    TFJS_TERMINATION_LOG: '/dev/termination-log',
  });
});

test('each claim is mounted once below the volume root, and read-only where it is only read', () => {
  const job = build()[2];
  const mounts = workerOf(job)['volumeMounts'] as { mountPath: string; readOnly?: boolean }[];
  assert.deepEqual(
    mounts
      .filter(({ mountPath }) => mountPath.startsWith('/volumes'))
      .map((mount) => Object.values(mount)),
    [
      ['claim-0', '/volumes/models', true],
      ['claim-1', '/volumes/data', true],
      ['claim-2', '/volumes/output', false],
    ],
  );
});

test('the pods keep to the restricted Pod Security Standard and have no token', () => {
  const job = build({
    workers: { replicas: 1, template: { securityContext: { runAsUser: 1000 } } },
  })[2];
  const pod = job.spec.template.spec;
  assert.equal(pod['automountServiceAccountToken'], false);
  const security = pod['securityContext'] as Record<string, unknown>;
  assert.equal(security['runAsNonRoot'], true);
  assert.equal(security['runAsUser'], 1000);
  assert.deepEqual(security['seccompProfile'], { type: 'RuntimeDefault' });
  assert.deepEqual(workerOf(job)['securityContext'], {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  });
});

test('the template and the scheduling policy reach the pod, and cannot replace what is ours', () => {
  const [, service, job] = build({
    workers: {
      replicas: 2,
      resources: { limits: { memory: '2Gi' } },
      template: {
        metadata: { labels: { team: 'vision' }, annotations: { note: 'a' } },
        image: 'mine:2',
        imagePullPolicy: 'Always',
        env: [{ name: 'UV_THREADPOOL_SIZE', value: '2' }],
        nodeSelector: { disk: 'ssd' },
        volumes: [{ name: 'cache', emptyDir: {} }],
        volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
      },
    },
    runPolicy: { scheduling: { priorityClassName: 'batch' } },
  });
  const { template } = job.spec;
  assert.equal(template.metadata?.labels?.['team'], 'vision');
  assert.equal(template.metadata?.labels?.['tfjs-operator.io/job-name'], 'mnist');
  assert.deepEqual(template.metadata?.annotations, { note: 'a' });
  assert.deepEqual(template.spec['nodeSelector'], { disk: 'ssd' });
  assert.equal(template.spec['priorityClassName'], 'batch');
  const worker = workerOf(job);
  assert.equal(worker.image, 'mine:2');
  assert.equal(worker['imagePullPolicy'], 'Always');
  assert.deepEqual(worker['resources'], { limits: { memory: '2Gi' } });
  assert.equal(worker.env?.[0]?.name, 'UV_THREADPOOL_SIZE');
  const volumes = template.spec['volumes'] as { name: string }[];
  assert.ok(volumes.some(({ name }) => name === 'cache'));
  assert.equal(service.metadata.labels?.['team'], undefined);
});

test('the same input gives the same objects to the byte', () => {
  assert.equal(JSON.stringify(build()), JSON.stringify(build()));
});

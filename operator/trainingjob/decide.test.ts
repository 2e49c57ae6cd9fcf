import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from './kubernetes.ts';
import { runConfig, start, World } from './testing/world.ts';
import { timestamp } from './timestamp.ts';
import type { Decision } from './types.ts';

function condition({ status }: Decision, type: string): Condition | undefined {
  return status.conditions.find((c) => c.type === type);
}

/** `Ready=Unknown Reconciling=True …`: what kstatus and people read. */
function conditions({ status }: Decision): string {
  return status.conditions.map((c) => `${c.type}=${c.status}`).join(' ');
}

const at = (seconds: number): string => timestamp(start + seconds * 1000);

const checkpoint = {
  step: 40,
  uri: 'pvc://output/checkpoints/step-40',
  digest: `sha256:${'cd'.repeat(32)}`,
  time: at(0),
};

const summary = {
  accuracy: 0.99,
  loss: 0.03,
  metrics: { f1: 0.98 },
  modelDigest: `sha256:${'ab'.repeat(32)}`,
  outputDirectory: '/volumes/output/model',
};

const lastWords = (words: object): string => JSON.stringify(words);

test('a new job gets its ConfigMap, its Service and its Job, in the order that pods need', () => {
  const { apply, remove } = new World().pass();
  assert.deepEqual(
    apply.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    ['ConfigMap/mnist-0123456789', 'Service/mnist', 'Job/mnist'],
  );
  assert.deepEqual(remove, []);
});

test('the first status has observedGeneration and an unknown Ready, so that kstatus sees work', () => {
  const decision = new World().pass();
  assert.equal(decision.status.observedGeneration, 1);
  assert.equal(decision.status.phase, 'Starting');
  assert.equal(
    conditions(decision),
    'Ready=Unknown Reconciling=True Suspended=False Running=False',
  );
});

test('deciding again on an unchanged world changes nothing', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).report({}).wait(1).pass();
  const first = world.pass();
  const second = world.wait(5).pass();
  assert.deepEqual(second.status, first.status);
  assert.deepEqual(second.apply, first.apply);
  assert.deepEqual(second.events, []);
});

test('the job runs when all workers are ready, and keeps the time when they first were', () => {
  const world = new World();
  world.pass();
  assert.equal(world.wait(3).run(0).pass().status.phase, 'Starting');
  const decision = world.wait(1).run(1).pass();
  assert.equal(decision.status.phase, 'Running');
  assert.equal(conditions(decision), 'Ready=False Reconciling=True Suspended=False Running=True');
  assert.equal(decision.status.startTime, at(4));
  assert.equal(world.wait(9).pass().status.startTime, at(4));
});

test('the status counts the pods, the ready ones and the members', () => {
  const world = new World({ replicas: 3 });
  world.pass();
  const { workers } = world
    .run(0, 1)
    .begin(2)
    .report({ worldSize: 3, membershipEpoch: 4 })
    .pass().status;
  assert.deepEqual(workers, {
    desired: 3,
    replicas: 3,
    ready: 2,
    selector: 'tfjs-operator.io/job-name=mnist',
    worldSize: 3,
    membershipEpoch: 4,
    backend: 'wasm',
    backendReason: 'the fastest that works',
  });
});

test('progress is copied, with the time when the step last rose', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).report({ step: 10 }).pass();
  const { progress } = world.wait(5).report({ step: 10, samplesPerSecond: 900 }).pass().status;
  assert.deepEqual(progress, {
    epoch: 1,
    epochs: 5,
    step: 10,
    totalSteps: 100,
    percent: 10,
    samplesPerSecond: 900,
    secondsRemaining: 62,
    metrics: { loss: 0.5 },
    slowestRank: 1,
    communicationShare: 0.25,
    lastUpdateTime: at(0),
  });
  assert.equal(world.wait(5).report({ step: 11 }).pass().status.progress?.lastUpdateTime, at(10));
});

test('a worker that restarts does not set the known progress and checkpoint back', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).report({ step: 50, checkpoint }).pass();
  const { status } = world.report({ phase: 'joining', step: 0, checkpoint: null }).pass();
  assert.equal(status.progress?.step, 50);
  assert.deepEqual(status.checkpoint, checkpoint);
});

test('rank 0 that ends well completes the job with the result from its last words', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).pass();
  const decision = world
    .wait(60)
    .end(0, 0, lastWords({ reason: 'Complete', message: '', summary }))
    .pass();
  assert.equal(decision.status.phase, 'Complete');
  assert.equal(conditions(decision), 'Ready=True Suspended=False Running=False Complete=True');
  assert.equal(condition(decision, 'Ready')?.reason, 'Completed');
  assert.equal(decision.status.completionTime, at(60));
  assert.deepEqual(decision.status.result, {
    uri: 'pvc://output/model',
    digest: summary.modelDigest,
    metrics: { f1: 0.98, accuracy: 0.99, loss: 0.03 },
  });
  assert.deepEqual(decision.apply, []);
});

test('a complete job stays complete when its pods and its Job are gone: nothing retrains', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).pass();
  world.end(0, 0, lastWords({ reason: 'Complete', summary })).pass();
  world.children.clear();
  const decision = world.deletePods().wait(1000).pass();
  assert.equal(decision.status.phase, 'Complete');
  assert.equal(decision.status.result?.digest, summary.modelDigest);
  assert.deepEqual([decision.apply, decision.remove, decision.events], [[], [], []]);
  assert.equal(decision.requeueAfter, null);
});

test('a worker other than rank 0 that ends well neither ends nor breaks the gang', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).pass();
  const { status } = world.end(1, 0).pass();
  assert.equal(status.phase, 'Running');
  assert.equal(status.workers?.ready, 1);
});

test('a permanent error fails the job at once with the worker’s own sentence', () => {
  const sentence = 'train-labels holds 59,999 labels for 60,000 images.';
  const world = new World();
  world.pass();
  world.run(0, 1).pass();
  const decision = world.end(1, 11, lastWords({ reason: 'DataError', message: sentence })).pass();
  assert.equal(decision.status.phase, 'Failed');
  assert.equal(
    conditions(decision),
    'Ready=False Stalled=True Suspended=False Running=False Failed=True',
  );
  assert.equal(condition(decision, 'Failed')?.reason, 'DataError');
  assert.equal(condition(decision, 'Failed')?.message, sentence);
  assert.deepEqual(
    decision.remove.map(({ kind, name }) => [kind, name]),
    [['Job', 'mnist']],
  );
  assert.deepEqual(decision.apply, []);
});

test('a permanent error outweighs the lost peers that were seen before it', () => {
  const world = new World({ spec: { runPolicy: { maxRestarts: 5 } } });
  world.pass();
  world.run(0, 1).wait(1).pass();
  assert.equal(world.wait(1).end(0, 20).pass().status.phase, 'Recovering');
  const decision = world
    .wait(1)
    .end(1, 13, lastWords({ reason: 'NumericError', message: 'The loss is NaN at step 7.' }))
    .pass();
  assert.equal(decision.status.phase, 'Failed');
  assert.equal(condition(decision, 'Failed')?.message, 'The loss is NaN at step 7.');
  assert.equal(decision.status.attempts.length, 1);
});

test('an evaluation below what is required fails the job and keeps the result', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).pass();
  const words = lastWords({
    reason: 'RequirementUnmet',
    message: 'accuracy 0.97 is below 0.98.',
    summary,
  });
  const { status } = world.end(0, 12, words).pass();
  assert.equal(status.phase, 'Failed');
  assert.equal(status.result?.metrics['accuracy'], 0.99);
});

test('a retryable error is a recovery: the ledger says who, why and from which step it goes on', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).report({ step: 45, checkpoint }).wait(10).pass();
  const broken = world.end(1, 137, undefined, { signal: 9 }).pass();
  assert.equal(broken.status.phase, 'Recovering');
  assert.equal(condition(broken, 'Running')?.status, 'False');
  const whole = world.wait(2).run(1).pass();
  assert.equal(whole.status.phase, 'Running');
  assert.equal(whole.status.restarts, 1);
  assert.deepEqual(whole.status.attempts, [
    {
      number: 1,
      startTime: at(0),
      endTime: at(10),
      reason: 'Killed',
      message: 'Worker 1 was killed by SIGKILL.',
      exitCode: 137,
      rank: 1,
    },
    { number: 2, startTime: at(12), resumedFromStep: 40 },
  ]);
});

test('peers that fall with a worker belong to its attempt, also when they fall after it is back', () => {
  const world = new World({ replicas: 3 });
  world.pass();
  world.run(0, 1, 2).wait(10).pass();
  world.end(1, 1, lastWords({ reason: 'InternalError', message: 'A fault.' })).pass();
  world.wait(1).end(0, 20).pass();
  world.wait(1).begin(1).pass();
  world.wait(1).end(1, 20).pass();
  world.wait(1).end(2, 20).pass();
  const { status } = world.wait(1).run(0, 1, 2).pass();
  assert.deepEqual(
    status.attempts.map(({ number, reason }) => [number, reason]),
    [
      [1, 'InternalError'],
      [2, undefined],
    ],
  );
});

test('a peer that notices the loss only after the worker is back belongs to the same attempt', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).wait(10).pass();
  world.end(1, 1).pass();
  assert.equal(world.wait(1).run(1).pass().status.attempts.length, 2);
  const { status } = world.wait(20).end(0, 20).pass();
  assert.deepEqual(
    status.attempts.map(({ number, endTime }) => [number, endTime]),
    [
      [1, at(10)],
      [2, undefined],
    ],
  );
});

test('a gang that loses peers again and again uses up its restarts', () => {
  const world = new World({ spec: { runPolicy: { maxRestarts: 3 } } });
  world.pass();
  let rounds = 0;
  while (world.job.status?.phase !== 'Failed' && rounds < 100) {
    world.run(0, 1).wait(2).pass();
    world.end(0, 20).end(1, 20).pass();
    world.wait(10).pass();
    rounds += 1;
  }
  assert.ok(rounds < 30, `${rounds} rounds`);
});

test('a peer lost by a whole gang is an attempt of its own', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).wait(10).pass();
  world.end(0, 20).end(1, 20).wait(1).run(0, 1).wait(10).pass();
  const { status } = world.end(0, 20).pass();
  assert.equal(status.attempts.length, 2);
  assert.equal(status.attempts[1]?.endTime, at(21));
});

test('the end of a worker is recorded once, however often it is seen', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).wait(10).pass();
  const first = world.end(1, 1).pass();
  const second = world.wait(1).pass();
  const third = world.wait(1).run(1).pass();
  const fourth = world.wait(1).pass();
  assert.deepEqual(
    [first, second, third, fourth].map(({ status }) => status.attempts.length),
    [1, 1, 2, 2],
  );
  assert.equal(first.events.filter(({ reason }) => reason === 'WorkerEnded').length, 1);
  assert.equal(second.events.length, 0);
});

test('maxRestarts restarts are allowed, one more fails the job with the last cause', () => {
  const world = new World({ replicas: 1, spec: { runPolicy: { maxRestarts: 2 } } });
  world.pass();
  for (const round of [1, 2]) {
    world.run(0).wait(10).pass();
    assert.equal(world.end(0, 1, `fault ${round}`).pass().status.phase, 'Recovering');
    world.wait(1);
  }
  world.run(0).wait(10).pass();
  const decision = world.end(0, 1, 'fault 3').pass();
  assert.equal(condition(decision, 'Failed')?.reason, 'RestartLimitReached');
  assert.match(condition(decision, 'Failed')?.message ?? '', /maxRestarts allows.*fault 3/);
});

test('maxRestarts 0 allows none', () => {
  const world = new World({ spec: { runPolicy: { maxRestarts: 0 } } });
  world.pass();
  world.run(0, 1).pass();
  assert.equal(world.wait(1).end(0, 20).pass().status.phase, 'Failed');
});

test('a worker that was asked to leave does not use up a restart', () => {
  const world = new World({ replicas: 1, spec: { runPolicy: { maxRestarts: 0 } } });
  world.pass();
  world.run(0).wait(10).pass();
  const decision = world
    .end(0, 23, lastWords({ reason: 'Interrupted', message: 'Asked to stop.' }))
    .pass();
  assert.equal(decision.status.phase, 'Recovering');
  assert.equal(decision.status.attempts[0]?.reason, 'Interrupted');
});

test('the ledger keeps the last twenty attempts and still counts all', () => {
  const world = new World({ replicas: 1, spec: { runPolicy: { maxRestarts: 24 } } });
  world.pass();
  for (let round = 0; round < 24; round++) {
    world.run(0).wait(10).pass();
    assert.equal(world.end(0, 1).pass().status.phase, 'Recovering');
    world.wait(1);
  }
  const { status } = world.run(0).pass();
  assert.equal(status.attempts.length, 20);
  assert.equal(status.restarts, 24);
  assert.equal(world.wait(10).end(0, 1).pass().status.phase, 'Failed');
});

test('a suspended job is born with a suspended Job and has no deadline', () => {
  const world = new World({ spec: { suspend: true, runPolicy: { startDeadlineSeconds: 5 } } });
  const decision = world.pass();
  assert.equal(decision.status.phase, 'Suspended');
  assert.equal(conditions(decision), 'Ready=False Suspended=True Running=False');
  const job = decision.apply.find(({ kind }) => kind === 'Job');
  assert.equal(job?.kind === 'Job' && job.spec.suspend, true);
  assert.equal(decision.status.workers.desired, 0);
  assert.deepEqual(decision.status.attempts, []);
  assert.equal(decision.requeueAfter, null);
  assert.equal(world.wait(100).pass().status.phase, 'Suspended');
});

test('suspending a running job reconciles until its pods are gone, and resuming goes on', () => {
  const world = new World({ spec: { runPolicy: { maxRestarts: 0 } } });
  world.pass();
  world.run(0, 1).report({ checkpoint }).wait(10).pass();
  const stopping = world.set({ suspend: true }).pass();
  assert.equal(condition(stopping, 'Reconciling')?.reason, 'Stopping');
  assert.equal(stopping.status.observedGeneration, 2);
  const suspended = world.wait(1).deletePods().pass();
  assert.equal(conditions(suspended), 'Ready=False Suspended=True Running=False');
  assert.equal(suspended.status.attempts[0]?.reason, 'Interrupted');
  const resumed = world.wait(3600).set({ suspend: false }).pass();
  assert.equal(resumed.status.phase, 'Recovering');
  const running = world.wait(2).run(0, 1).pass();
  assert.equal(running.status.phase, 'Running');
  assert.equal(running.status.attempts[1]?.resumedFromStep, 40);
});

test('workers that end while the job is suspended are no failure', () => {
  const world = new World({ spec: { runPolicy: { maxRestarts: 0 } } });
  world.pass();
  world.run(0, 1).wait(10).pass();
  world.set({ suspend: true }).pass();
  const decision = world.wait(1).end(0, 23).end(1, 23).pass();
  assert.equal(decision.status.phase, 'Suspended');
});

test('a job that completes while it is being suspended is complete', () => {
  const world = new World();
  world.pass();
  world.run(0, 1).pass();
  world.set({ suspend: true }).pass();
  assert.equal(world.end(0, 0, lastWords({ summary })).pass().status.phase, 'Complete');
});

test('the start deadline fails a job whose workers do not all come, and names the missing', () => {
  const world = new World({ replicas: 3, spec: { runPolicy: { startDeadlineSeconds: 30 } } });
  assert.equal(world.pass().requeueAfter, 30);
  assert.equal(world.run(1).wait(29).pass().status.phase, 'Starting');
  const decision = world.wait(1).pass();
  assert.equal(condition(decision, 'Failed')?.reason, 'StartDeadlineExceeded');
  assert.match(condition(decision, 'Failed')?.message ?? '', /missing: rank 0, 2\./);
});

test('the start deadline has no say once the gang was whole', () => {
  const world = new World({ spec: { runPolicy: { startDeadlineSeconds: 30 } } });
  world.pass();
  world.run(0, 1).wait(10).pass();
  world.end(1, 1).pass();
  assert.equal(world.wait(60).pass().status.phase, 'Recovering');
});

test('the start deadline runs anew after a suspension', () => {
  const world = new World({ spec: { suspend: true, runPolicy: { startDeadlineSeconds: 30 } } });
  world.pass();
  assert.equal(world.wait(500).set({ suspend: false }).pass().requeueAfter, 30);
  assert.equal(world.wait(29).pass().status.phase, 'Starting');
  assert.equal(world.wait(2).pass().status.phase, 'Failed');
});

test('the active deadline counts the time of all attempts and no suspended time', () => {
  const world = new World({ spec: { runPolicy: { activeDeadlineSeconds: 100 } } });
  world.pass();
  world.run(0, 1).wait(60).pass();
  world.set({ suspend: true }).deletePods().pass();
  world.wait(5000).set({ suspend: false }).pass();
  const running = world.run(0, 1).pass();
  assert.equal(running.requeueAfter, 40);
  assert.equal(world.wait(39).pass().status.phase, 'Running');
  const decision = world.wait(1).pass();
  assert.equal(condition(decision, 'Failed')?.reason, 'DeadlineExceeded');
  assert.deepEqual(
    decision.remove.map(({ kind }) => kind),
    ['Job'],
  );
});

test('a gang that makes no step is restarted, and the ledger names the slowest rank', () => {
  const world = new World({ spec: { runPolicy: { progressDeadlineSeconds: 60 } } });
  world.pass();
  world.run(0, 1).report({ step: 10, slowestRank: 1 }).pass();
  assert.equal(world.wait(59).pass().status.phase, 'Running');
  const stuck = world.wait(1).pass();
  assert.deepEqual(
    stuck.remove.map(({ kind, name }) => `${kind}/${name}`),
    ['Pod/mnist-0', 'Pod/mnist-1'],
  );
  assert.equal(stuck.status.phase, 'Recovering');
  assert.equal(stuck.status.attempts[0]?.reason, 'Stalled');
  assert.equal(stuck.status.attempts[0]?.rank, 1);
  // The old pods are seen once more: nothing happens twice.
  assert.deepEqual(world.wait(1).pass().remove, []);
  const again = world.deletePods().wait(1).run(0, 1).pass();
  assert.equal(again.status.phase, 'Running');
  assert.equal(world.wait(59).pass().status.phase, 'Running');
  assert.equal(world.wait(1).pass().status.phase, 'Recovering');
});

test('validation makes no steps, and the progress deadline knows it', () => {
  const world = new World({ spec: { runPolicy: { progressDeadlineSeconds: 60 } } });
  world.pass();
  world.run(0, 1).report({ phase: 'validating' }).pass();
  assert.equal(world.wait(600).pass().status.phase, 'Running');
});

test('a wrong manifest stalls the job with its sentence until it is corrected', () => {
  const world = new World();
  world.runConfig = { kind: 'invalid', message: 'training.epochs must be at least 1.' };
  const decision = world.pass();
  assert.equal(decision.status.phase, 'Pending');
  assert.equal(conditions(decision), 'Ready=False Stalled=True Suspended=False Running=False');
  assert.equal(condition(decision, 'Stalled')?.message, 'training.epochs must be at least 1.');
  assert.deepEqual([decision.apply, decision.remove], [[], []]);
  world.runConfig = { kind: 'resolved', runConfig };
  const corrected = world.wait(1).pass();
  assert.equal(corrected.status.phase, 'Starting');
  assert.equal(condition(corrected, 'Stalled'), undefined);
  assert.equal(corrected.apply.length, 3);
});

test('a ConfigMap that is not there yet is waited for', () => {
  const world = new World();
  world.runConfig = { kind: 'missing', message: 'ConfigMap mnist-files is not there yet.' };
  const decision = world.pass();
  assert.equal(
    conditions(decision),
    'Ready=Unknown Reconciling=True Suspended=False Running=False',
  );
  assert.equal(condition(decision, 'Ready')?.reason, 'ConfigMissing');
});

test('an object of somebody else under a child’s name is never touched, and the job says so', () => {
  const world = new World();
  const stranger = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'mnist', namespace: 'ml' },
  };
  world.children.set('Service/mnist', stranger);
  const decision = world.pass();
  assert.deepEqual([decision.apply, decision.remove], [[], []]);
  assert.equal(condition(decision, 'Stalled')?.reason, 'NameConflict');
  assert.match(condition(decision, 'Stalled')?.message ?? '', /^Service mnist exists/);
});

test('an owned child that is no longer wanted is removed', () => {
  const world = new World();
  world.pass();
  const [configMap] = [...world.children.values()];
  assert.ok(configMap);
  const metadata = { ...configMap.metadata, name: 'mnist-old' };
  world.children.set('ConfigMap/mnist-old', { ...configMap, metadata });
  assert.deepEqual(
    world.pass().remove.map(({ name }) => name),
    ['mnist-old'],
  );
});

test('a batch Job that Kubernetes gave up fails the job with its message', () => {
  const world = new World();
  world.pass();
  const job = world.children.get('Job/mnist');
  const message = 'Job has reached the specified backoff limit';
  const status = {
    conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message }],
  };
  world.children.set('Job/mnist', { ...job, status } as never);
  const decision = world.pass();
  assert.equal(condition(decision, 'Failed')?.reason, 'JobFailed');
  assert.deepEqual(
    decision.remove,
    [],
    'its pods are evidence, and Kubernetes does not restart them',
  );
});

test('cleanPodPolicy decides what a complete job leaves', () => {
  for (const [cleanPodPolicy, removed] of [
    ['All', ['Job']],
    ['Running', []],
    ['None', []],
  ] as const) {
    const world = new World({ spec: { runPolicy: { cleanPodPolicy } } });
    world.pass();
    world.run(0, 1).pass();
    assert.deepEqual(
      world
        .end(0, 0)
        .pass()
        .remove.map(({ kind }) => kind),
      removed,
      cleanPodPolicy,
    );
  }
});

test('a finished job is deleted after its time to live, not before', () => {
  const world = new World({ spec: { runPolicy: { ttlSecondsAfterFinished: 100 } } });
  world.pass();
  world.run(0, 1).pass();
  assert.equal(world.end(0, 0).pass().requeueAfter, 100);
  assert.deepEqual(world.wait(99).pass().remove, []);
  const decision = world.wait(1).pass();
  assert.deepEqual(
    decision.remove.map(({ kind, name }) => [kind, name]),
    [['TrainingJob', 'mnist']],
  );
});

test('scaling changes completions and parallelism together', () => {
  const world = new World();
  world.pass();
  const { apply } = world.set({ workers: { replicas: 4 } }).pass();
  const job = apply.find((child) => child.kind === 'Job');
  assert.deepEqual([job?.spec.completions, job?.spec.parallelism], [4, 4]);
});

test('messages and transition times stay the same while nothing turns', () => {
  const world = new World();
  world.pass();
  const first = world.run(0, 1).wait(1).pass();
  const second = world.wait(100).report({ step: 99 }).pass();
  assert.deepEqual(second.status.conditions, first.status.conditions);
});

test('events tell each turn of the job once', () => {
  const world = new World();
  const told = [world.pass()];
  told.push(world.run(0, 1).report({ checkpoint }).wait(10).pass());
  told.push(world.end(1, 1, lastWords({ reason: 'InternalError', message: 'A fault.' })).pass());
  told.push(world.wait(1).run(1).pass());
  told.push(world.wait(1).end(0, 0, lastWords({ summary })).pass());
  assert.deepEqual(
    told.flatMap(({ events }) => events.map(({ type, reason }) => `${type} ${reason}`)),
    [
      'Normal Starting',
      'Normal Training',
      'Warning WorkerEnded',
      'Normal Recovering',
      'Normal Resumed',
      'Normal Training',
      'Normal Completed',
    ],
  );
  assert.equal(
    told[2]?.events[0]?.message,
    'Worker 1 ended (InternalError, exit code 1): A fault.',
  );
});

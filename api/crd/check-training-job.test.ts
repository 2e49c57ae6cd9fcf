import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingOf, findingSentence } from '../finding.ts';
import { checkTrainingJob } from './check-training-job.ts';

interface Change {
  readonly [field: string]: unknown;
}

/** A small job that is right, with fields of its spec replaced. */
function aJob(spec: Change = {}): object {
  return {
    apiVersion: 'tfjs-operator.io/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name: 'digits' },
    spec: {
      model: { uri: 'pvc://models/cnn.json' },
      training: {
        inline: {
          epochs: 2,
          batchSize: 8,
          optimizer: { name: 'sgd' },
          loss: { name: 'meanSquaredError' },
        },
      },
      dataset: { uri: 'pvc://digits', format: 'npz', train: { features: 'x', labels: 'y' } },
      workers: { replicas: 2 },
      output: { uri: 'pvc://models/out' },
      ...spec,
    },
  };
}

function sentencesOf(job: object, old?: object): readonly string[] {
  return checkTrainingJob(job, old).problems.map((problem) =>
    findingSentence(findingOf(problem, 'trainingJob')),
  );
}

test('a job that is right comes back with the defaults of the schema', () => {
  const checked = checkTrainingJob(aJob());
  assert.ok('job' in checked);
  const { spec } = checked.job;
  assert.equal(spec.suspend, false);
  assert.equal(spec.runtime, 'tfjs');
  assert.equal(spec.workers.backend, 'auto');
  assert.deepEqual(spec.dataset?.split, { seed: 0, stratify: false });
  assert.deepEqual(spec.training?.inline?.learningRateSchedule, {
    name: 'constant',
    warmupSteps: 0,
  });
  assert.deepEqual(spec.output?.formats, ['layers-model']);
  assert.equal(spec.runPolicy?.cleanPodPolicy, 'Running');
  assert.equal(spec.allReduce, undefined);
});

test('null counts as missing, as the API server has it', () => {
  const checked = checkTrainingJob(aJob({ suspend: null, checkpoint: null }));
  assert.ok('job' in checked);
  assert.equal(checked.job.spec.suspend, false);
  assert.equal(checked.job.spec.checkpoint, undefined);
  assert.deepEqual(sentencesOf(aJob({ output: null })), [
    'spec: output is missing; give the uri that the trained model is written to.',
  ]);
});

test('status that came with the file is not judged', () => {
  assert.deepEqual(sentencesOf({ ...aJob(), status: { phase: 'Nonsense', extra: 1 } }), []);
});

const frozen: readonly (readonly [string, unknown])[] = [
  ['model', { uri: 'pvc://models/other.json' }],
  ['dataset', { uri: 'pvc://other', format: 'npz', train: { features: 'x', labels: 'y' } }],
  ['output', { uri: 'pvc://models/elsewhere' }],
  ['allReduce', { wireType: 'bfloat16' }],
  ['checkpoint', { uri: 'pvc://models/checkpoints' }],
  ['evaluation', { require: {} }],
];
for (const [field, value] of frozen) {
  test(`${field} cannot change once the job exists`, () => {
    assert.deepEqual(sentencesOf(aJob({ [field]: value }), aJob()), [
      `spec: ${field} cannot change, because checkpoints and result belong to one run config; create a TrainingJob of another name.`,
    ]);
  });
}

test('a field that cannot change cannot be taken away either', () => {
  const old = aJob({ checkpoint: { uri: 'pvc://models/checkpoints' } });
  assert.equal(sentencesOf(aJob(), old).length, 1);
});

test('replicas, suspend and runPolicy may change at any time', () => {
  const changed = aJob({ workers: { replicas: 4 }, suspend: true, runPolicy: { maxRestarts: 3 } });
  assert.deepEqual(sentencesOf(changed, aJob()), []);
});

test('the pods may change only while the job is suspended', () => {
  const workers = { replicas: 2, resources: { limits: { memory: '4Gi', cpu: 2 } } };
  assert.deepEqual(sentencesOf(aJob({ workers }), aJob()), [
    'spec: workers.resources can change only while the job is suspended; set suspend to true with the change, then to false.',
  ]);
  assert.deepEqual(sentencesOf(aJob({ workers, suspend: true }), aJob()), []);
  assert.deepEqual(sentencesOf(aJob({ workers }), aJob({ suspend: true })), []);
});

test('rules about change are not run on a new job', () => {
  assert.deepEqual(sentencesOf(aJob({ allReduce: { wireType: 'bfloat16' } })), []);
});

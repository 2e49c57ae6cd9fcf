import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { schemaAt } from '../crd/structural-schema.ts';
import { trainingJobDefinition } from '../crd/training-job-definition.ts';
import { findingSentence } from '../finding.ts';
import { validateRunConfig } from '../generated/validators.js';
import type { OptimizerConfig } from '../run-config.ts';
import { canonicalJson } from './canonical-json.ts';
import { checkRunConfig, mergeRunConfig, type MergeInput } from './merge-run-config.ts';
import { lossNames, metricNames, optimizerNames } from './training-names.ts';
import { validateRunConfig as readRunConfig } from './validate.ts';

const topology = {
  class_name: 'Sequential',
  config: {
    name: 'tiny',
    layers: [
      {
        class_name: 'Dense',
        config: { units: 4, activation: 'relu', batch_input_shape: [null, 3] },
      },
      { class_name: 'Dense', config: { name: 'out', units: 2, activation: 'softmax' } },
    ],
  },
};

const training = {
  epochs: 2,
  batchSize: 8,
  optimizer: { name: 'adam' },
  loss: { name: 'categoricalCrossentropy' },
  metrics: ['accuracy'],
};

function aJob(spec: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'tfjs-operator.io/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name: 'tiny', namespace: 'lab' },
    spec: {
      model: { configMapKeyRef: { name: 'files', key: 'model.json' } },
      training: { configMapKeyRef: { name: 'files', key: 'training.json' } },
      dataset: {
        uri: 'pvc://data',
        format: 'npz',
        train: { features: 'x', labels: 'y' },
        split: { validation: { fraction: 0.2 } },
      },
      workers: { replicas: 2 },
      output: { uri: 'pvc://out' },
      ...spec,
    },
  };
}

const input: MergeInput = { trainingJob: aJob(), topology, training };

function sentencesOf(merge: MergeInput): readonly string[] {
  return checkRunConfig(merge).findings.map(findingSentence);
}

test('the merged document is complete and fits its schema', () => {
  const config = mergeRunConfig(input);
  assert.ok(validateRunConfig(config), JSON.stringify(validateRunConfig.errors));
  assert.deepEqual(config.job, { name: 'tiny', namespace: 'lab' });
  assert.deepEqual(config.model, { topology });
  assert.deepEqual(config.training.optimizer, {
    name: 'adam',
    learningRate: 0.001,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
  });
  assert.deepEqual(config.training.loss, {
    name: 'categoricalCrossentropy',
    fromLogits: false,
    labelSmoothing: 0,
  });
  assert.deepEqual(config.evaluation, {
    split: 'validation',
    batchSize: 256,
    metrics: ['accuracy'],
    require: {},
    wrongSamples: 16,
  });
  assert.equal(config.allReduce.bucketBytes, 4 * 1024 * 1024);
  assert.deepEqual(config.checkpoint, { keep: 1 });
});

test('a file and the same content inline give the same run config', () => {
  const inline = aJob({ model: { inline: topology }, training: { inline: training } });
  assert.deepEqual(mergeRunConfig({ trainingJob: inline }), mergeRunConfig(input));
});

test('the digest is the SHA-256 of the canonical JSON and does not hang on the order of keys', () => {
  const config = mergeRunConfig(input);
  const { digest, ...others } = config;
  const expected = createHash('sha256').update(canonicalJson(others)).digest('hex');
  assert.equal(digest, `sha256:${expected}`);
  const reversed = Object.fromEntries(Object.entries(training).reverse());
  assert.equal(mergeRunConfig({ ...input, training: reversed }).digest, digest);
  assert.notEqual(
    mergeRunConfig({ ...input, training: { ...training, epochs: 3 } }).digest,
    digest,
  );
});

test('canonical JSON is that of RFC 8785 for keys, numbers and text', () => {
  // The sample of RFC 8785, 3.2.2 and 3.2.3, as far as JSON.parse keeps it.
  const sample = {
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27],
    literals: [null, true, false],
  };
  assert.equal(
    canonicalJson({ z: '€$\u000f\nA\'B"\\\\"/', ...sample }),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"z":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('model.json of tfjs and older Keras files give their topology', () => {
  const expected = mergeRunConfig(input).model;
  for (const file of [
    { modelTopology: topology },
    { modelTopology: { model_config: topology } },
    { model_config: topology, keras_version: '2' },
  ]) {
    assert.deepEqual(mergeRunConfig({ ...input, topology: file }).model, expected);
  }
  const listed = { class_name: 'Sequential', config: topology.config.layers };
  assert.deepEqual(mergeRunConfig({ ...input, topology: listed }).model.topology?.config, {
    layers: topology.config.layers,
  });
});

test('what the job requires stands above what the evaluation file requires', () => {
  const job = aJob({
    evaluation: {
      config: { configMapKeyRef: { name: 'files', key: 'evaluation.json' } },
      require: { accuracy: 0.9 },
    },
  });
  const evaluation = { metrics: ['accuracy', 'recall'], require: { accuracy: 0.5, recall: 0.7 } };
  const config = mergeRunConfig({ ...input, trainingJob: job, evaluation });
  assert.deepEqual(config.evaluation.require, { accuracy: 0.9, recall: 0.7 });
});

test('early stopping looks for the greatest accuracy and the least loss', () => {
  const modes = ['val_accuracy', 'val_loss', 'loss'].map((monitor) => {
    const merged = mergeRunConfig({
      ...input,
      training: { ...training, earlyStopping: { monitor } },
    });
    return merged.training.earlyStopping?.mode;
  });
  assert.deepEqual(modes, ['max', 'min', 'min']);
});

test('every optimizer gets only defaults that it may be given', () => {
  for (const name of optimizerNames) {
    const { optimizer } = mergeRunConfig({
      ...input,
      training: { ...training, optimizer: { name } },
    }).training;
    const again = { ...training, optimizer: optimizer as OptimizerConfig };
    assert.deepEqual(sentencesOf({ ...input, training: again }), [], name);
  }
});

test('names of losses, metrics and optimizers are those of the definition', () => {
  const inline = schemaAt(trainingJobDefinition.schema, ['spec', 'training', 'inline']);
  assert.deepEqual(lossNames, schemaAt(inline, ['loss', 'name']).enum);
  assert.deepEqual(metricNames, schemaAt(inline, ['metrics', 0]).enum);
  assert.equal(optimizerNames.length, 6);
});

test('a requirement without any split to evaluate is told', () => {
  const dataset = { uri: 'pvc://data', format: 'npz', train: { features: 'x', labels: 'y' } };
  const job = aJob({ dataset, evaluation: { require: { accuracy: 0.9 } } });
  assert.deepEqual(sentencesOf({ ...input, trainingJob: job }), [
    'spec.evaluation.require is set, but there is no split to evaluate; add dataset.split.test or dataset.split.validation.',
  ]);
});

test('a loss of classes on numbers is told at the loss', () => {
  const dataset = {
    uri: 'pvc://data',
    format: 'npz',
    train: { features: 'x', labels: 'y' },
    labels: { type: 'number' },
  };
  const withoutMetrics = { ...training, metrics: [] };
  assert.deepEqual(
    sentencesOf({ trainingJob: aJob({ dataset }), topology, training: withoutMetrics }),
    [
      'loss.name is "categoricalCrossentropy", which compares classes, but dataset.labels.type is number; use meanSquaredError, or set labels.type to class.',
    ],
  );
});

test('a functional model’s output is found by its name', () => {
  const functional = {
    class_name: 'Functional',
    config: {
      layers: [
        { class_name: 'InputLayer', name: 'in', config: { batch_shape: [null, 3] } },
        {
          class_name: 'Dense',
          name: 'out',
          config: { name: 'out', units: 5, activation: 'softmax' },
        },
      ],
      input_layers: ['in', 0, 0],
      output_layers: ['out', 0, 0],
    },
  };
  const labels = { classes: ['a', 'b'] };
  const dataset = {
    uri: 'pvc://data',
    format: 'npz',
    train: { features: 'x', labels: 'y' },
    labels,
  };
  assert.deepEqual(
    sentencesOf({ trainingJob: aJob({ dataset }), topology: functional, training }),
    [
      'spec.dataset.labels.classes names 2 classes, but the last layer, out, has 5 units; give the layer 2 units or name 5 classes.',
    ],
  );
});

test('the strict form ends in a Failure with the first sentence and the number of others', () => {
  assert.throws(
    () => mergeRunConfig({ ...input, training: { ...training, epochs: 0, seeds: 1 } }),
    {
      name: 'Failure',
      reason: 'BadConfig',
      message: 'seeds is not a field here; did you mean seed? (1 more: see tfjsctl validate)',
    },
  );
});

test('a run config that was changed by hand is refused by the name of its field', () => {
  const config = mergeRunConfig(input);
  assert.deepEqual(readRunConfig(structuredClone(config)), config);
  assert.throws(() => readRunConfig({ ...config, digest: 'none' }), {
    reason: 'BadConfig',
    message:
      'The run config is wrong: digest is "none", which does not match its pattern; make it anew from the TrainingJob.',
  });
});

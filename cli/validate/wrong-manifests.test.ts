/**
 * What people get wrong, and the one sentence that each gets back: its full text, the path, the
 * line and the value. Each case is one change to files that are right.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findingSentence } from '@tfjs-operator/api/finding.ts';
import { validateFiles } from './validate-manifests.ts';

const job = `apiVersion: tfjs-operator.io/v1alpha1
kind: TrainingJob
metadata:
  name: digits
spec:
  model:
    configMapKeyRef: { name: digits-files, key: model.json }
  training:
    configMapKeyRef: { name: digits-files, key: training.json }
  dataset:
    uri: pvc://digits
    format: idx
    train:
      features: train-images
      labels: train-labels
    features:
      shape: [28, 28, 1]
      standardize: scale
    labels:
      classes: [zero, one, two]
    split:
      stratify: true
      validation:
        fraction: 0.1
      test:
        source:
          features: test-images
          labels: test-labels
    cleaning:
      - { rule: missing, action: fail }
      - { rule: outOfRange, action: drop, minimum: 0, maximum: 255 }
    augmentation:
      - { name: shift, amount: 2 }
  evaluation:
    config:
      configMapKeyRef: { name: digits-files, key: evaluation.json }
    require:
      accuracy: 0.9
  workers:
    replicas: 2
    minReplicas: 1
    maxReplicas: 4
    resources:
      limits: { memory: 2Gi }
    template:
      env:
        - { name: LEVEL, value: debug }
  allReduce:
    bucketBytes: 1048576
  checkpoint:
    uri: pvc://digits-output/checkpoints
  output:
    uri: pvc://digits-output/model
`;

const files = `apiVersion: v1
kind: ConfigMap
metadata:
  name: digits-files
data:
  model.json: |
    {
      "class_name": "Sequential",
      "config": {
        "layers": [
          { "class_name": "Flatten", "config": { "batch_input_shape": [null, 28, 28, 1] } },
          { "class_name": "Dense", "config": { "name": "digits", "units": 3, "activation": "softmax" } }
        ]
      }
    }
  training.json: |
    {
      "epochs": 3,
      "batchSize": 32,
      "optimizer": { "name": "adam", "learningRate": 0.001 },
      "loss": { "name": "categoricalCrossentropy" },
      "metrics": ["accuracy"],
      "learningRateSchedule": { "name": "cosine", "warmupSteps": 10 },
      "earlyStopping": { "monitor": "val_loss" },
      "seed": 7
    }
  evaluation.json: |
    {
      "split": "test",
      "metrics": ["accuracy"]
    }
`;

interface Case {
  readonly name: string;
  /** Text of either file and what stands there instead. */
  readonly change: readonly [string, string];
  readonly sentence: string;
  readonly path: string;
  /** How the line begins that the finding points to. */
  readonly line: string;
  readonly value: unknown;
}

const cases: readonly Case[] = [
  {
    name: 'an unknown field of the manifest',
    change: ['    minReplicas: 1', '    minReplica: 1'],
    sentence: 'spec.workers.minReplica is not a field here; did you mean minReplicas?',
    path: 'spec.workers.minReplica',
    line: 'minReplica: 1',
    value: 1,
  },
  {
    name: 'an unknown field that is near to none',
    change: ['    bucketBytes: 1048576', '    colour: red'],
    sentence:
      'spec.allReduce.colour is not a field here; use algorithm, wireType, bucketBytes, deterministic, syncEverySteps or timeoutSeconds.',
    path: 'spec.allReduce.colour',
    line: 'colour: red',
    value: 'red',
  },
  {
    name: 'an unknown key of the training file',
    change: ['"batchSize": 32', '"batchsize": 32, "batchSize": 32'],
    sentence: 'training.json: batchsize is not a field here; did you mean batchSize?',
    path: 'batchsize',
    line: '"batchsize": 32',
    value: 32,
  },
  {
    name: 'snake case, as Keras has it',
    change: ['"learningRate": 0.001', '"learning_rate": 0.001'],
    sentence:
      'training.json: optimizer.learning_rate is not a field here; did you mean learningRate?',
    path: 'optimizer.learning_rate',
    line: '"optimizer": {',
    value: 0.001,
  },
  {
    name: 'a text for a number',
    change: ['replicas: 2', 'replicas: two'],
    sentence:
      'spec.workers.replicas is "two", a text, but must be a whole number; set a whole number from 1 to 1024.',
    path: 'spec.workers.replicas',
    line: 'replicas: two',
    value: 'two',
  },
  {
    name: 'a number in quotes',
    change: ['"epochs": 3', '"epochs": "3"'],
    sentence:
      'training.json: epochs is "3", a text, but must be a whole number; remove the quotes.',
    path: 'epochs',
    line: '"epochs": "3"',
    value: '3',
  },
  {
    name: 'a list for a single value',
    change: ['format: idx', 'format: [idx]'],
    sentence:
      'spec.dataset.format is ["idx"], a list, but must be a text; write one word or sentence.',
    path: 'spec.dataset.format',
    line: 'format: [idx]',
    value: ['idx'],
  },
  {
    name: 'no worker',
    change: ['replicas: 2', 'replicas: 0'],
    sentence:
      'spec.workers.replicas is 0, but must be at least 1; set a whole number from 1 to 1024.',
    path: 'spec.workers.replicas',
    line: 'replicas: 0',
    value: 0,
  },
  {
    name: 'more workers than there can be',
    change: ['replicas: 2', 'replicas: 5000'],
    sentence:
      'spec.workers.replicas is 5000, but must be at most 1024; set a whole number from 1 to 1024.',
    path: 'spec.workers.replicas',
    line: 'replicas: 5000',
    value: 5000,
  },
  {
    name: 'a bucket that is too small',
    change: ['bucketBytes: 1048576', 'bucketBytes: 1024'],
    sentence:
      'spec.allReduce.bucketBytes is 1024, but must be at least 65536; set a whole number from 65536 to 268435456.',
    path: 'spec.allReduce.bucketBytes',
    line: 'bucketBytes: 1024',
    value: 1024,
  },
  {
    name: 'a negative number of epochs',
    change: ['"epochs": 3', '"epochs": -3'],
    sentence:
      'training.json: epochs is -3, but must be at least 1; set a whole number from 1 to 1000000.',
    path: 'epochs',
    line: '"epochs": -3',
    value: -3,
  },
  {
    name: 'a learning rate of zero',
    change: ['"learningRate": 0.001', '"learningRate": 0'],
    sentence:
      'training.json: optimizer.learningRate is 0, but must be greater than 0; set a number above 0 and up to 1000.',
    path: 'optimizer.learningRate',
    line: '"optimizer": {',
    value: 0,
  },
  {
    name: 'an empty validation split',
    change: ['fraction: 0.1', 'fraction: 0'],
    sentence:
      'spec.dataset.split.validation.fraction is 0, but must be greater than 0; set a number above 0 and below 1.',
    path: 'spec.dataset.split.validation.fraction',
    line: 'fraction: 0',
    value: 0,
  },
  {
    name: 'a validation split that takes everything',
    change: ['fraction: 0.1', 'fraction: 1'],
    sentence:
      'spec.dataset.split.validation.fraction is 1, but must be less than 1; set a number above 0 and below 1.',
    path: 'spec.dataset.split.validation.fraction',
    line: 'fraction: 1',
    value: 1,
  },
  {
    name: 'splits that leave nothing to train on',
    change: [
      'test:\n        source:\n          features: test-images\n          labels: test-labels',
      'test: { fraction: 0.95 }',
    ],
    sentence:
      'spec.dataset.split: validation.fraction and test.fraction leave nothing to train on; their sum must be below 1.',
    path: 'spec.dataset.split',
    line: 'split:',
    value: { stratify: true, validation: { fraction: 0.1 }, test: { fraction: 0.95 }, seed: 0 },
  },
  {
    name: 'a split with two origins',
    change: ['fraction: 0.1', 'fraction: 0.1\n        source: { features: a, labels: b }'],
    sentence: 'spec.dataset.split.validation: both fraction and source are set; keep exactly one.',
    path: 'spec.dataset.split.validation',
    line: 'validation:',
    value: { fraction: 0.1, source: { features: 'a', labels: 'b' } },
  },
  {
    name: 'no output',
    change: ['  output:\n    uri: pvc://digits-output/model\n', ''],
    sentence: 'spec: output is missing; give the uri that the trained model is written to.',
    path: 'spec',
    line: 'spec:',
    value: undefined,
  },
  {
    name: 'no uri in output',
    change: ['    uri: pvc://digits-output/model', '    formats: [npz]'],
    sentence: 'spec.output.uri is missing; add it.',
    path: 'spec.output.uri',
    line: 'output:',
    value: undefined,
  },
  {
    name: 'a uri of an unknown kind',
    change: ['uri: pvc://digits\n', 'uri: ftp://digits\n'],
    sentence:
      'spec.dataset.uri is "ftp://digits", but must be pvc://CLAIM/path, s3://BUCKET/path, http(s)://HOST/path or, for a local run, file:///path.',
    path: 'spec.dataset.uri',
    line: 'uri: ftp://digits',
    value: 'ftp://digits',
  },
  {
    name: 'an output that cannot be written to',
    change: ['uri: pvc://digits-output/model', 'uri: https://example.org/model'],
    sentence:
      'spec.output.uri is "https://example.org/model", but must be pvc://CLAIM/path, s3://BUCKET/path or, for a local run, file:///path.',
    path: 'spec.output.uri',
    line: 'uri: https://example.org/model',
    value: 'https://example.org/model',
  },
  {
    name: 'a uri that climbs out of its volume',
    change: ['uri: pvc://digits-output/model', 'uri: pvc://digits-output/../other'],
    sentence: `spec.output.uri is "pvc://digits-output/../other", but must not contain a '..' segment.`,
    path: 'spec.output.uri',
    line: 'uri: pvc://digits-output/../other',
    value: 'pvc://digits-output/../other',
  },
  {
    name: 'an absolute path below a uri',
    change: ['features: train-images', 'features: /data/train-images'],
    sentence: `spec.dataset.train.features is "/data/train-images", but must be a path below dataset.uri, with no '/' in front and no '..'.`,
    path: 'spec.dataset.train.features',
    line: 'features: /data/train-images',
    value: '/data/train-images',
  },
  {
    name: 'two sources of the model',
    change: ['key: model.json }', 'key: model.json }\n    uri: pvc://digits/model.json'],
    sentence:
      'spec.model: more than one of configMapKeyRef, uri and inline is set; keep exactly one.',
    path: 'spec.model',
    line: 'model:',
    value: undefined,
  },
  {
    name: 'no source of the training configuration',
    change: ['configMapKeyRef: { name: digits-files, key: training.json }', '{}'],
    sentence: 'spec.training: none of configMapKeyRef and inline is set; set exactly one.',
    path: 'spec.training',
    line: 'training:',
    value: {},
  },
  {
    name: 'fewer workers than the least',
    change: ['minReplicas: 1', 'minReplicas: 3'],
    sentence:
      'spec.workers.minReplicas (3): minReplicas is greater than replicas; lower minReplicas or raise replicas.',
    path: 'spec.workers.minReplicas',
    line: 'minReplicas: 3',
    value: 3,
  },
  {
    name: 'more workers than the most',
    change: ['replicas: 2', 'replicas: 8'],
    sentence:
      'spec.workers.maxReplicas (4): maxReplicas is smaller than replicas; raise maxReplicas or lower replicas.',
    path: 'spec.workers.maxReplicas',
    line: 'maxReplicas: 4',
    value: 4,
  },
  {
    name: 'a batch smaller than the number of workers',
    change: ['"batchSize": 32', '"batchSize": 1'],
    sentence:
      'training.json: batchSize (1): batchSize is smaller than workers.replicas, so a worker would have no sample; raise batchSize or lower workers.replicas.',
    path: 'batchSize',
    line: '"batchSize": 1',
    value: 1,
  },
  {
    name: 'a batch smaller than the number of workers may become',
    change: ['"batchSize": 32', '"batchSize": 3'],
    sentence:
      'training.json: batchSize (3): batchSize is smaller than workers.maxReplicas, so a worker would have no sample; raise batchSize or lower workers.maxReplicas.',
    path: 'batchSize',
    line: '"batchSize": 3',
    value: 3,
  },
  {
    name: 'labels that the model has too few outputs for',
    change: ['classes: [zero, one, two]', 'classes: [zero, one, two, three]'],
    sentence:
      'spec.dataset.labels.classes names 4 classes, but the last layer, digits, has 3 units; give the layer 4 units or name 3 classes.',
    path: 'spec.dataset.labels.classes',
    line: 'classes: [zero',
    value: ['zero', 'one', 'two', 'three'],
  },
  {
    name: 'a class that kubectl takes for a truth value',
    change: ['classes: [zero, one, two]', "classes: ['yes', no, maybe]"],
    sentence:
      'spec.dataset.labels.classes[1] is no, which kubectl reads as false; put it in quotes.',
    path: 'spec.dataset.labels.classes[1]',
    line: "classes: ['yes', no",
    value: 'no',
  },
  {
    name: 'two classes of one name',
    change: ['classes: [zero, one, two]', 'classes: [zero, one, one]'],
    sentence: 'spec.dataset.labels.classes[2] repeats "one"; give each class a name of its own.',
    path: 'spec.dataset.labels.classes[2]',
    line: 'classes: [zero',
    value: 'one',
  },
  {
    name: 'a many-class loss on one output',
    change: ['"units": 3', '"units": 1'],
    sentence:
      'training.json: loss.name is "categoricalCrossentropy", but the last layer, digits, has 1 unit; give it one unit per class, or use binaryCrossentropy.',
    path: 'loss.name',
    line: '"loss": {',
    value: 'categoricalCrossentropy',
  },
  {
    name: 'a crossentropy on outputs that are no probabilities',
    change: [', "activation": "softmax"', ''],
    sentence:
      'training.json: loss.name is "categoricalCrossentropy", which takes probabilities, but the last layer, digits, has no activation; add the activation softmax or set loss.fromLogits to true.',
    path: 'loss.name',
    line: '"loss": {',
    value: 'categoricalCrossentropy',
  },
  {
    name: 'logits that are probabilities already',
    change: ['"categoricalCrossentropy" }', '"categoricalCrossentropy", "fromLogits": true }'],
    sentence:
      'training.json: loss.fromLogits is true, but the last layer, digits, already ends in softmax; set it to false or take the activation away.',
    path: 'loss.fromLogits',
    line: '"loss": {',
    value: true,
  },
  {
    name: 'samples of another shape than the input',
    change: ['shape: [28, 28, 1]', 'shape: [32, 32, 1]'],
    sentence: `spec.dataset.features.shape is [32,32,1], but the model's input is [28,28,1]; make them equal.`,
    path: 'spec.dataset.features.shape',
    line: 'shape: [32, 32, 1]',
    value: [32, 32, 1],
  },
  {
    name: 'an optimizer that does not exist',
    change: ['"name": "adam"', '"name": "adamm"'],
    sentence:
      'training.json: optimizer.name is "adamm", which is not known here; did you mean adam?',
    path: 'optimizer.name',
    line: '"optimizer": {',
    value: 'adamm',
  },
  {
    name: 'an optimizer that is near to none',
    change: ['"name": "adam"', '"name": "lbfgs"'],
    sentence:
      'training.json: optimizer.name is "lbfgs", which is not known here; use sgd, momentum, rmsprop, adagrad, adam or adamw.',
    path: 'optimizer.name',
    line: '"optimizer": {',
    value: 'lbfgs',
  },
  {
    name: 'a loss by its Python name',
    change: ['"categoricalCrossentropy"', '"categorical_crossentropy"'],
    sentence:
      'training.json: loss.name is "categorical_crossentropy", which is not known here; did you mean categoricalCrossentropy?',
    path: 'loss.name',
    line: '"loss": {',
    value: 'categorical_crossentropy',
  },
  {
    name: 'a metric that does not exist',
    change: ['"metrics": ["accuracy"],\n', '"metrics": ["acuracy"],\n'],
    sentence:
      'training.json: metrics[0] is "acuracy", which is not known here; did you mean accuracy?',
    path: 'metrics[0]',
    line: '"metrics": ["acuracy"]',
    value: 'acuracy',
  },
  {
    name: 'a metric twice',
    change: ['"metrics": ["accuracy"],\n', '"metrics": ["accuracy", "accuracy"],\n'],
    sentence: 'training.json: metrics[1] repeats "accuracy"; keep one of them.',
    path: 'metrics[1]',
    line: '"metrics": [',
    value: 'accuracy',
  },
  {
    name: 'a setting of another optimizer',
    change: ['"learningRate": 0.001', '"momentum": 0.9'],
    sentence:
      'training.json: optimizer.momentum (0.9): momentum is not used by optimizer adam; remove it, or use momentum or rmsprop.',
    path: 'optimizer.momentum',
    line: '"optimizer": {',
    value: 0.9,
  },
  {
    name: 'a setting of another schedule',
    change: ['"warmupSteps": 10', '"decayRate": 0.5'],
    sentence:
      'training.json: learningRateSchedule.decayRate (0.5): decayRate is not used by schedule cosine; remove it, or use step or exponential.',
    path: 'learningRateSchedule.decayRate',
    line: '"learningRateSchedule": {',
    value: 0.5,
  },
  {
    name: 'a schedule without its settings',
    change: ['"name": "cosine"', '"name": "step"'],
    sentence:
      'training.json: learningRateSchedule: schedule step lacks decaySteps or decayRate; set both.',
    path: 'learningRateSchedule',
    line: '"learningRateSchedule": {',
    value: { name: 'step', warmupSteps: 10 },
  },
  {
    name: 'a delta of a loss that has none',
    change: ['"categoricalCrossentropy" }', '"categoricalCrossentropy", "delta": 2 }'],
    sentence:
      'training.json: loss.delta (2): delta is not used by loss categoricalCrossentropy; remove it, or use huber.',
    path: 'loss.delta',
    line: '"loss": {',
    value: 2,
  },
  {
    name: 'early stopping by a figure that nobody computes',
    change: ['"monitor": "val_loss"', '"monitor": "val_recall"'],
    sentence:
      'training.json: earlyStopping.monitor ("val_recall"): earlyStopping.monitor is val_recall, which the training does not compute; monitor loss, val_loss or one of metrics, with or without val_.',
    path: 'earlyStopping.monitor',
    line: '"earlyStopping": {',
    value: 'val_recall',
  },
  {
    name: 'early stopping by a split that is not there',
    change: ['      validation:\n        fraction: 0.1\n', ''],
    sentence:
      'training.json: earlyStopping.monitor ("val_loss"): earlyStopping.monitor names a figure of the validation split, but dataset.split.validation is not set; add a validation split or monitor a training figure.',
    path: 'earlyStopping.monitor',
    line: '"earlyStopping": {',
    value: 'val_loss',
  },
  {
    name: 'an evaluation of a split that is not there',
    change: [
      '      test:\n        source:\n          features: test-images\n          labels: test-labels\n',
      '',
    ],
    sentence:
      'evaluation.json: split ("test"): evaluation.split is test, but dataset.split.test is not set; add a test split or evaluate another split.',
    path: 'split',
    line: '"split": "test"',
    value: 'test',
  },
  {
    name: 'a requirement that nobody computes',
    change: ['      accuracy: 0.9', '      recall: 0.9'],
    sentence:
      'spec.evaluation.require ({"recall":0.9}): not every name is among the evaluation metrics; add it to metrics or remove it from require.',
    path: 'spec.evaluation.require',
    line: 'require:',
    value: { recall: 0.9 },
  },
  {
    name: 'a requirement with a slip of the pen, where training names the metrics',
    change: [
      '      "split": "test",\n      "metrics": ["accuracy"]',
      '      "split": "test",\n      "require": { "acuracy": 0.9 }',
    ],
    sentence:
      'spec.evaluation.require.acuracy requires a figure that the evaluation does not compute; did you mean accuracy?',
    path: 'spec.evaluation.require.acuracy',
    line: 'require:',
    value: 0.9,
  },
  {
    name: 'a ConfigMap that is not there',
    change: ['name: digits-files, key: model.json', 'name: digit-files, key: model.json'],
    sentence:
      'spec.model.configMapKeyRef.name is "digit-files", but the files hold no ConfigMap of that name; did you mean digits-files?',
    path: 'spec.model.configMapKeyRef.name',
    line: 'configMapKeyRef: { name: digit-files',
    value: 'digit-files',
  },
  {
    name: 'a key that the ConfigMap does not have',
    change: ['key: training.json', 'key: train.json'],
    sentence:
      'spec.training.configMapKeyRef.key is "train.json", which ConfigMap digits-files does not have; did you mean training.json?',
    path: 'spec.training.configMapKeyRef.key',
    line: 'configMapKeyRef: { name: digits-files, key: train.json',
    value: 'train.json',
  },
  {
    name: 'JSON that lacks a comma',
    change: ['"batchSize": 32,', '"batchSize": 32'],
    sentence: `training.json is no JSON: expected ',' or '}' after property value; see its line 4, column 3.`,
    path: '',
    line: '"optimizer": {',
    value: undefined,
  },
  {
    name: 'JSON that ends too early',
    change: ['      "metrics": ["accuracy"]\n    }\n', '      "metrics": ["accuracy"]\n'],
    sentence: `evaluation.json is no JSON: expected ',' or '}' after property value; see its line 4, column 1.`,
    path: '',
    line: '',
    value: undefined,
  },
  {
    name: 'a key twice in JSON',
    change: ['"seed": 7', '"seed": 7, "epochs": 5'],
    sentence: 'training.json is no JSON: a key occurs twice; see its line 9, column 14.',
    path: '',
    line: '"seed": 7',
    value: undefined,
  },
  {
    name: 'YAML that is not indented right',
    change: ['  workers:\n    replicas: 2', '  workers:\n   - replicas: 2'],
    sentence: 'job.yaml is no YAML: sequence item without - indicator.',
    path: '',
    line: 'minReplicas: 1',
    value: undefined,
  },
  {
    name: 'a file of a ConfigMap that is no text',
    change: ['  evaluation.json: |\n', '  evaluation.json:\n'],
    sentence: 'data["evaluation.json"] is no text; put a | after the key, and the JSON below it.',
    path: 'data["evaluation.json"]',
    line: 'evaluation.json:',
    value: { split: 'test', metrics: ['accuracy'] },
  },
  {
    name: 'a topology that is no model',
    change: ['"class_name": "Sequential"', '"class_name": "Dense"'],
    sentence:
      'model.json: class_name is "Dense", which is no model; write Sequential or Functional, with the layers in config.',
    path: 'class_name',
    line: '"class_name": "Dense"',
    value: 'Dense',
  },
  {
    name: 'bounds of another cleaning rule',
    change: ['rule: missing, action: fail', 'rule: missing, action: fail, minimum: 0'],
    sentence:
      'spec.dataset.cleaning[0]: minimum and maximum belong to rule outOfRange, but rule is missing; remove them.',
    path: 'spec.dataset.cleaning[0]',
    line: '- { rule: missing',
    value: { rule: 'missing', action: 'fail', minimum: 0 },
  },
  {
    name: 'a cleaning rule twice',
    change: ['rule: missing, action: fail', 'rule: outOfRange, action: fail, minimum: 0'],
    sentence: 'spec.dataset.cleaning[1] repeats rule "outOfRange"; keep one of them.',
    path: 'spec.dataset.cleaning[1]',
    line: '- { rule: outOfRange, action: drop',
    value: { rule: 'outOfRange', action: 'drop', minimum: 0, maximum: 255 },
  },
  {
    name: 'a probability above 1',
    change: ['name: shift, amount: 2', 'name: flipHorizontal, amount: 2'],
    sentence:
      'spec.dataset.augmentation[0].amount (2): amount of flipHorizontal is a probability, but it is above 1; set it to 1 or less.',
    path: 'spec.dataset.augmentation[0].amount',
    line: '- { name: flipHorizontal',
    value: 2,
  },
  {
    name: 'no labels beside the features',
    change: ['      labels: train-labels\n', ''],
    sentence:
      'spec.dataset.train ({"features":"train-images"}): format idx keeps labels apart from features, but train.labels is missing; add it.',
    path: 'spec.dataset.train',
    line: 'train:',
    value: { features: 'train-images' },
  },
  {
    name: 'number labels that are to be stratified',
    change: ['classes: [zero, one, two]', 'type: number'],
    sentence:
      'spec.dataset.split.stratify (true): split.stratify needs class labels, but labels.type is number; set split.stratify to false.',
    path: 'spec.dataset.split.stratify',
    line: 'stratify: true',
    value: true,
  },
  {
    name: 'a variable that the operator sets',
    change: ['name: LEVEL, value: debug', 'name: TFJS_REPLICAS, value: "3"'],
    sentence:
      'spec.workers.template.env[0].name is "TFJS_REPLICAS", but must not start with TFJS_ nor be JOB_COMPLETION_INDEX, which the operator sets.',
    path: 'spec.workers.template.env[0].name',
    line: '- { name: TFJS_REPLICAS',
    value: 'TFJS_REPLICAS',
  },
  {
    name: 'a quantity that is none',
    change: ['memory: 2Gi', 'memory: 2GB'],
    sentence:
      'spec.workers.resources.limits.memory is "2GB", which is no quantity; write it like 500m, 2 or 4Gi.',
    path: 'spec.workers.resources.limits.memory',
    line: 'limits: { memory: 2GB',
    value: '2GB',
  },
  {
    name: 'a custom runtime with fields of the trainer',
    change: [
      '      env:\n        - { name: LEVEL, value: debug }\n',
      '      image: example.org/mine:1\n  runtime: custom\n',
    ],
    sentence:
      'spec: runtime custom runs your image and reads none of model, training, dataset, evaluation, allReduce, checkpoint and output; remove them, or use runtime tfjs.',
    path: 'spec',
    line: 'spec:',
    value: undefined,
  },
  {
    name: 'a custom runtime without an image',
    change: [
      job.slice(job.indexOf('spec:')),
      'spec:\n  runtime: custom\n  workers: { replicas: 1 }\n',
    ],
    sentence: 'spec: runtime custom has no image; set workers.template.image.',
    path: 'spec',
    line: 'spec:',
    value: undefined,
  },
  {
    name: 'a name that is too long for its pods',
    change: ['name: digits\n', `name: ${'d'.repeat(53)}\n`],
    sentence:
      'the document: metadata.name has more than 52 characters, and the names of pods and Services are made from it; take a shorter one.',
    path: '',
    line: 'apiVersion:',
    value: undefined,
  },
  {
    name: 'another version of the API',
    change: ['tfjs-operator.io/v1alpha1', 'tfjs-operator.io/v1'],
    sentence: 'apiVersion is "tfjs-operator.io/v1", but must be "tfjs-operator.io/v1alpha1".',
    path: 'apiVersion',
    line: 'apiVersion: tfjs-operator.io/v1',
    value: 'tfjs-operator.io/v1',
  },
  {
    name: 'a kind with a slip of the pen',
    change: ['kind: TrainingJob', 'kind: TrainJob'],
    sentence: 'kind is "TrainJob", but must be "TrainingJob".',
    path: 'kind',
    line: 'kind: TrainJob',
    value: 'TrainJob',
  },
];

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'validate-'));
});
after(() => rm(folder, { recursive: true }));

async function findingsOf(
  changed: readonly [string, string],
): Promise<readonly { sentence: string; path: string; line: string; value: unknown }[]> {
  const [from, to] = changed;
  assert.ok(`${job}${files}`.includes(from), `the samples do not hold ${from}`);
  const paths = [join(folder, 'job.yaml'), join(folder, 'files.yaml')];
  await writeFile(
    paths[0] ?? '',
    job.replace(from, () => to),
  );
  await writeFile(
    paths[1] ?? '',
    files.replace(from, () => to),
  );
  const { findings } = await validateFiles(paths);
  return Promise.all(
    findings.map(async (finding) => {
      const text = await readFile(finding.file, 'utf8');
      return {
        sentence: findingSentence(finding).replaceAll(`${folder}/`, ''),
        path: finding.path,
        line: (text.split('\n')[finding.line - 1] ?? '').trim(),
        value: finding.value,
      };
    }),
  );
}

test('files that are right have no finding', async () => {
  assert.deepEqual(await findingsOf(['name: digits', 'name: digits']), []);
});

for (const { name, change, sentence, path, line, value } of cases) {
  test(`${name} is told in one sentence with its place and value`, async () => {
    const findings = await findingsOf(change);
    assert.equal(findings.length, 1, JSON.stringify(findings, null, 1));
    const [found] = findings;
    assert.equal(found?.sentence, sentence);
    assert.equal(found?.path, path);
    assert.ok(found?.line.startsWith(line), `${found?.line ?? ''} does not start with ${line}`);
    if (value !== undefined) assert.deepEqual(found?.value, value);
  });
}

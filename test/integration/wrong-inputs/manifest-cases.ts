/** Wrong manifests, and wrong files that they name. */
import { manifestWith, type Changes } from './right-job.ts';
import type { WrongInput } from './wrong-input.ts';

const configMap = (data: Readonly<Record<string, string>>): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'files' }, data });

/** The training configuration is a file of a ConfigMap. */
const trainingFile: Changes = {
  'spec.training.inline': undefined,
  'spec.training.configMapKeyRef': { name: 'files', key: 'training.json' },
};

/** The job and the ConfigMap with this training configuration. */
function withTrainingFile(text: string): string {
  return `${manifestWith(trainingFile)}---\n${configMap({ 'training.json': text })}`;
}

const finding = { teller: 'finding', reason: 'BadConfig' } as const;

export const manifestCases: readonly WrongInput[] = [
  {
    ...finding,
    name: 'an unknown key',
    set: { 'spec.workers.replica': 2 },
    isJson: true,
    says: 'spec.workers.replica is not a field here; did you mean replicas?',
  },
  {
    ...finding,
    name: 'a text where a number belongs',
    set: { 'spec.workers.replicas': 'two' },
    says: 'spec.workers.replicas is "two", a text, but must be a whole number; set a whole number from 1 to 1024.',
  },
  {
    ...finding,
    name: 'a number out of its bounds',
    set: { 'spec.training.inline.epochs': 0 },
    says: 'spec.training.inline.epochs is 0, but must be at least 1; set a whole number from 1 to 1000000.',
  },
  {
    ...finding,
    name: 'a word that is not in the list',
    set: { 'spec.dataset.format': 'idxx' },
    says: 'spec.dataset.format is "idxx", which is not known here; did you mean idx?',
  },
  {
    ...finding,
    name: 'a required field that is missing',
    set: { 'spec.dataset.train': undefined },
    says: 'spec.dataset.train is missing; add it.',
  },
  {
    ...finding,
    name: 'a batch smaller than the number of workers',
    set: { 'spec.training.inline.batchSize': 2, 'spec.workers.replicas': 4 },
    says: 'spec.training.inline.batchSize (2): batchSize is smaller than workers.replicas, so a worker would have no sample; raise batchSize or lower workers.replicas.',
  },
  {
    ...finding,
    name: 'two sources of the model',
    set: { 'spec.model.uri': 'pvc://data/model.json' },
    says: 'spec.model: more than one of configMapKeyRef, uri and inline is set; keep exactly one.',
  },
  {
    ...finding,
    name: 'a URI of a scheme that is none',
    set: { 'spec.output.uri': 'output/model' },
    says: 'spec.output.uri is "output/model", but must be pvc://CLAIM/path, s3://BUCKET/path or, for a local run, file:///path.',
  },
  {
    ...finding,
    teller: 'job',
    name: 'data in a bucket, which this version cannot open,',
    set: { 'spec.dataset.uri': 's3://bucket/digits' },
    args: ['run', 'job.yaml'],
    says: 'dataset.uri is "s3://bucket/digits", which this version of the trainer cannot open; use pvc://CLAIM/path or, for a local run, file:///path.',
  },
  {
    ...finding,
    teller: 'job',
    name: 'an output in a bucket, which this version cannot open,',
    set: { 'spec.output.uri': 's3://bucket/model' },
    says: 'output.uri is "s3://bucket/model", which this version of the trainer cannot open; use pvc://CLAIM/path or, for a local run, file:///path.',
  },
  {
    ...finding,
    name: 'an evaluation of a split that does not exist',
    set: { 'spec.evaluation.config.inline.split': 'validation' },
    says: 'spec.evaluation.config.inline.split ("validation"): evaluation.split is validation, but dataset.split.validation is not set; add a validation split or evaluate another split.',
  },
  {
    ...finding,
    name: 'early stopping by a figure that is not measured',
    set: { 'spec.training.inline.earlyStopping.monitor': 'recall' },
    says: 'spec.training.inline.earlyStopping.monitor ("recall"): earlyStopping.monitor is recall, which the training does not compute; monitor loss, val_loss or one of metrics, with or without val_.',
  },
  {
    ...finding,
    name: 'a ConfigMap that is not there',
    set: trainingFile,
    says: 'spec.training.configMapKeyRef.name is "files", but the files hold no ConfigMap of that name; add its manifest to the command line.',
  },
  {
    ...finding,
    name: 'a file with broken JSON',
    files: {
      'job.yaml': withTrainingFile('{"epochs": 1,\n"batchSize" 3}'),
    },
    says: `training.json is no JSON: expected ':' after property name; see its line 2, column 13.`,
  },
  {
    ...finding,
    name: 'an unknown key in a file',
    files: {
      'job.yaml': withTrainingFile(
        JSON.stringify({
          epochs: 1,
          batchSize: 10,
          batchsize: 4,
          optimizer: { name: 'sgd' },
          loss: { name: 'sparseCategoricalCrossentropy' },
        }),
      ),
    },
    says: 'training.json: batchsize is not a field here; did you mean batchSize?',
  },
  {
    ...finding,
    name: 'a file that is no YAML',
    files: { 'job.yaml': 'kind: [TrainingJob\nspec: }' },
    says: 'job.yaml is no YAML: flow sequence in block collection must be sufficiently indented and end with a ].',
  },
  {
    ...finding,
    name: 'a file that does not exist',
    files: { 'job.yaml': null },
    says: 'job.yaml does not exist; check the path.',
  },
  {
    name: 'a file without a TrainingJob',
    files: { 'job.yaml': configMap({}) },
    teller: 'tfjsctl',
    reason: 'UsageError',
    says: 'job.yaml: no TrainingJob in there; name the file with kind: TrainingJob too.',
  },
  {
    name: 'a file with two jobs and no choice',
    files: { 'job.yaml': `${manifestWith({})}---\n${manifestWith({ 'metadata.name': 'other' })}` },
    teller: 'tfjsctl',
    reason: 'UsageError',
    says: 'The files hold several TrainingJobs; choose one with --name: wrong, other.',
  },
  {
    name: 'a job that is suspended',
    set: { 'spec.suspend': true },
    teller: 'tfjsctl',
    reason: 'BadConfig',
    says: 'TrainingJob wrong is suspended; set spec.suspend to false to run it.',
  },
  {
    name: 'a job with an image of its own, which needs a cluster,',
    set: {
      'spec.runtime': 'custom',
      'spec.workers': { replicas: 1, template: { image: 'example.org/mine:1' } },
      ...Object.fromEntries(
        ['model', 'training', 'dataset', 'checkpoint', 'output'].map((part) => [
          `spec.${part}`,
          undefined,
        ]),
      ),
    },
    args: ['run', 'job.yaml'],
    teller: 'tfjsctl',
    reason: 'BadConfig',
    says: 'TrainingJob wrong has spec.runtime custom, whose image needs a cluster; only runtime tfjs runs here.',
  },
];

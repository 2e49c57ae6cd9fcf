/**
 * Merges a TrainingJob with the files it names into the run config, the trainer's single input:
 * validated by the CRD's own schema and rules, defaulted, checked for fit, with a digest. Reads no
 * file and no cluster: the caller brings the parsed documents.
 */
import { applyDefaults } from '../crd/apply-defaults.ts';
import { checkTrainingJob } from '../crd/check-training-job.ts';
import { isObject, schemaAt, type Path } from '../crd/structural-schema.ts';
import { trainingJobDefinition } from '../crd/training-job-definition.ts';
import { Failure } from '../failure.ts';
import {
  findingOf,
  findingSentence,
  type DocumentName,
  type Finding,
  type Problem,
} from '../finding.ts';
import type {
  EvaluationFile,
  ModelSpec,
  TrainingJob,
  TrainingJobSpec,
} from '../generated/trainingjob.ts';
import { validateRunConfig } from '../generated/validators.js';
import type { EvaluationConfig, ModelConfig, RunConfig } from '../run-config.ts';
import { digestOf } from './canonical-json.ts';
import { fillTraining } from './fill-training.ts';
import { fitProblems } from './fit-problems.ts';
import { readTopology } from './read-topology.ts';

/** Parsed documents; topology, training and evaluation where the job names a file for them. */
export interface MergeInput {
  readonly trainingJob: unknown;
  readonly topology?: unknown;
  readonly training?: unknown;
  readonly evaluation?: unknown;
}

export type MergeOutcome =
  | { readonly runConfig: RunConfig; readonly findings: readonly [] }
  | { readonly findings: readonly Finding[] };

/** Where the content of a file takes its place in the manifest. */
const places: Readonly<Record<Exclude<DocumentName, 'trainingJob'>, Path>> = {
  topology: ['spec', 'model', 'inline'],
  training: ['spec', 'training', 'inline'],
  evaluation: ['spec', 'evaluation', 'config', 'inline'],
};

/** The namespace of a manifest that names none, as kubectl has it. */
const defaultNamespace = 'default';

/** @throws Failure BadConfig with the first finding's sentence. */
export function mergeRunConfig(input: MergeInput): RunConfig {
  const outcome = checkRunConfig(input);
  if ('runConfig' in outcome) return outcome.runConfig;
  const [first, ...others] = outcome.findings;
  const sentence = first ? findingSentence(first) : 'The run config is wrong.';
  const more = others.length > 0 ? ` (${String(others.length)} more: see tfjsctl validate)` : '';
  throw new Failure('BadConfig', `${sentence}${more}`);
}

/** The run config, or everything that is wrong with the documents. */
export function checkRunConfig(input: MergeInput): MergeOutcome {
  const topology = input.topology === undefined ? undefined : readTopology(input.topology);
  if (topology && 'problem' in topology) {
    return { findings: [findingOf(topology.problem, 'topology')] };
  }
  const documents = {
    topology: topology?.topology,
    training: input.training,
    evaluation: input.evaluation,
  };
  const checked = checkTrainingJob(withFiles(input.trainingJob, documents));
  const attribute = attributeTo(documents);
  if (!('job' in checked)) return { findings: checked.problems.map(attribute) };
  const config = runConfigOf(checked.job);
  const problems = fitProblems(config);
  if (problems.length > 0) {
    return { findings: problems.map((problem) => attribute(inManifest(problem))) };
  }
  const runConfig = { ...config, digest: digestOf(config) };
  assertSchema(runConfig);
  return { runConfig, findings: [] };
}

type Files = Readonly<Record<keyof typeof places, unknown>>;

/** The manifest with each named file's content in the place of its name. */
function withFiles(trainingJob: unknown, files: Files): unknown {
  let document = trainingJob;
  for (const [name, place] of Object.entries(places)) {
    const content = files[name as keyof Files];
    if (content !== undefined) document = replaceReference(document, place, content);
  }
  return document;
}

function replaceReference(value: unknown, [key, ...rest]: Path, content: unknown): unknown {
  if (!isObject(value) || key === undefined) return value;
  if (rest.length > 0) return { ...value, [key]: replaceReference(value[key], rest, content) };
  const others = Object.entries(value).filter(([name]) => name !== 'configMapKeyRef');
  return { ...Object.fromEntries(others), [key]: content };
}

/** A place inside of a file's content belongs to that file, under its own path. */
function attributeTo(files: Files): (problem: Problem) => Finding {
  return (problem) => {
    for (const [name, place] of Object.entries(places)) {
      const document = name as keyof Files;
      const isInside = place.every((key, index) => problem.path[index] === key);
      if (isInside && files[document] !== undefined) {
        return findingOf(problem, document, problem.path.slice(place.length));
      }
    }
    return findingOf(problem, 'trainingJob');
  };
}

/** Checks of fit speak of documents; the place in the manifest is the common way to say it. */
function inManifest(problem: Problem & { readonly document: DocumentName }): Problem {
  if (problem.document === 'trainingJob') return problem;
  return { ...problem, path: [...places[problem.document], ...problem.path] };
}

/** @param job with defaults, its files in their places. */
function runConfigOf({ metadata, spec }: TrainingJob): Omit<RunConfig, 'digest'> {
  const { model, training, dataset, output, checkpoint } = spec;
  if (!model || !training?.inline || !dataset || !output) {
    throw new Failure(
      'BadConfig',
      `TrainingJob ${metadata.name} is of runtime custom, which has no run config.`,
    );
  }
  const trainingConfig = fillTraining(training.inline);
  return {
    apiVersion: 'tfjs-operator.io/v1alpha1',
    kind: 'RunConfig',
    job: { name: metadata.name, namespace: metadata.namespace ?? defaultNamespace },
    model: modelOf(model),
    training: trainingConfig,
    dataset: dataset as RunConfig['dataset'],
    evaluation: evaluationOf(spec, trainingConfig.metrics),
    workers: { backend: spec.workers.backend ?? 'auto' },
    allReduce: defaulted<RunConfig['allReduce']>(['spec', 'allReduce'], spec.allReduce),
    checkpoint: (checkpoint ?? noCheckpoint) as RunConfig['checkpoint'],
    output: output as RunConfig['output'],
  };
}

/** Without a uri nothing is written, so that `keep` is of no effect. */
const noCheckpoint: RunConfig['checkpoint'] = { keep: 1 };

function modelOf({ inline, uri, weights }: ModelSpec): ModelConfig {
  return {
    ...(inline ? { topology: { class_name: inline.class_name, config: inline.config } } : {}),
    ...(uri === undefined ? {} : { uri }),
    ...(weights === undefined ? {} : { weights }),
  };
}

function defaulted<T>(path: Path, value: unknown): T {
  return applyDefaults(schemaAt(trainingJobDefinition.schema, path), value ?? {}) as T;
}

function evaluationOf(spec: TrainingJobSpec, metrics: readonly string[]): EvaluationConfig {
  const file = defaulted<EvaluationFile>(places.evaluation, spec.evaluation?.config?.inline);
  const splits = spec.dataset?.split;
  const split = splits?.test ? 'test' : splits?.validation ? 'validation' : 'none';
  return {
    ...file,
    split: file.split ?? split,
    metrics: file.metrics ?? metrics,
    // What the job requires stands above what the file requires.
    require: { ...file.require, ...spec.evaluation?.require },
  } as EvaluationConfig;
}

/** A failure here is a fault of the merge itself, not of the documents. */
function assertSchema(runConfig: RunConfig): void {
  if (validateRunConfig(runConfig)) return;
  const [error] = validateRunConfig.errors ?? [];
  throw new Error(
    `merged run config breaks its schema at ${error?.instancePath ?? ''}: ${error?.message ?? ''}`,
  );
}

/**
 * The JSON schema of the run config, composed of the parts of the TrainingJob's schema. Fields with
 * a default are required there, because merging fills them in; so are those whose default is
 * computed from other fields.
 */
import { toJsonSchema, type JsonSchema } from '../crd/to-json-schema.ts';
import type { Definition } from './read-definition.ts';
import { partOf } from './trainingjob-schema.ts';

/** Names of the generated types by path in the run config. */
const titles: Readonly<Record<string, string>> = {
  model: 'ModelConfig',
  'model.topology': 'Topology',
  training: 'TrainingConfig',
  'training.optimizer': 'OptimizerConfig',
  'training.loss': 'LossConfig',
  'training.learningRateSchedule': 'ScheduleConfig',
  'training.earlyStopping': 'EarlyStoppingConfig',
  dataset: 'DatasetConfig',
  'dataset.train': 'SourceConfig',
  'dataset.split.validation': 'SplitConfig',
  'dataset.cleaning.[]': 'CleaningRule',
  'dataset.augmentation.[]': 'AugmentationConfig',
  evaluation: 'EvaluationConfig',
  allReduce: 'AllReduceConfig',
  checkpoint: 'CheckpointConfig',
  output: 'OutputConfig',
};

/** Fields that merging computes, so that the trainer finds them always. */
const computed: Readonly<Record<string, readonly string[]>> = {
  'training.optimizer': ['learningRate'],
  'training.earlyStopping': ['mode'],
  evaluation: ['split', 'metrics', 'require'],
};

/** Closed lists in the schema, plain strings in the types: code looks names up by itself. */
const plainStrings = ['training.loss.name', 'training.metrics.[]', 'evaluation.metrics.[]'];

/** Marks fields with a default as required, in place; `seen` holds parts that occur twice. */
function requireDefaults(schema: JsonSchema, seen: Set<JsonSchema> = new Set<JsonSchema>()): void {
  if (seen.has(schema)) return;
  seen.add(schema);
  const properties = Object.entries(schema.properties ?? {});
  const defaulted = properties.filter(([, child]) => child.default !== undefined);
  const required = [...new Set([...(schema.required ?? []), ...defaulted.map(([key]) => key)])];
  if (required.length > 0) schema.required = required;
  for (const [, child] of properties) requireDefaults(child, seen);
  if (schema.items) requireDefaults(schema.items, seen);
}

export function runConfigSchema(definition: Definition): JsonSchema {
  const spec = partOf(toJsonSchema(definition.schema), 'spec');
  const checkpoint = partOf(spec, 'checkpoint');
  const fields: Record<string, JsonSchema> = {
    apiVersion: { type: 'string', enum: [definition.apiVersion] },
    kind: { type: 'string', enum: ['RunConfig'] },
    job: object({ name: named(253), namespace: named(63) }, ['name', 'namespace']),
    model: object(
      {
        topology: {
          ...partOf(spec, 'model.inline'),
          description: 'Keras or tfjs topology; exactly one of topology and uri.',
          additionalProperties: false,
        },
        uri: partOf(spec, 'model.uri'),
        weights: partOf(spec, 'model.weights'),
      },
      [],
    ),
    training: partOf(spec, 'training.inline'),
    dataset: partOf(spec, 'dataset'),
    evaluation: partOf(spec, 'evaluation.config.inline'),
    workers: object({ backend: partOf(spec, 'workers.backend') }, ['backend']),
    allReduce: partOf(spec, 'allReduce'),
    checkpoint: { ...checkpoint, required: [] },
    output: partOf(spec, 'output'),
    digest: {
      type: 'string',
      pattern: '^sha256:[0-9a-f]{64}$',
      description: 'Over the canonical JSON of all other fields.',
    },
  };
  const schema = object(fields, Object.keys(fields));
  schema.title = 'RunConfig';
  schema.description =
    "The trainer's single input: network structure and training configuration, merged, defaulted and validated.";
  requireDefaults(schema);
  for (const [path, title] of Object.entries(titles)) partOf(schema, path).title = title;
  for (const [path, names] of Object.entries(computed)) {
    const part = partOf(schema, path);
    part.required = [...new Set([...(part.required ?? []), ...names])];
  }
  for (const path of plainStrings) partOf(schema, path).tsType = 'string';
  // A job without checkpoints has neither a uri nor an interval.
  partOf(schema, 'checkpoint').required = ['keep'];
  return schema;
}

function object(properties: Record<string, JsonSchema>, required: string[]): JsonSchema {
  return { type: 'object', additionalProperties: false, required, properties };
}

function named(maxLength: number): JsonSchema {
  return { type: 'string', minLength: 1, maxLength };
}

/**
 * The JSON schemas of what people write: the TrainingJob manifest, and the training and evaluation
 * configuration files, which are the manifest's `inline` parts by themselves.
 */
import { toJsonSchema, type JsonSchema } from '../crd/to-json-schema.ts';
import type { Definition } from './read-definition.ts';

/** Names of the types that are generated for parts of the manifest, by path. */
const titles: Readonly<Record<string, string>> = {
  spec: 'TrainingJobSpec',
  status: 'TrainingJobStatus',
  'spec.model': 'ModelSpec',
  'spec.training': 'TrainingSpec',
  'spec.training.configMapKeyRef': 'ConfigMapKeyRef',
  'spec.training.inline': 'TrainingFile',
  'spec.dataset': 'DatasetSpec',
  'spec.evaluation': 'EvaluationSpec',
  'spec.evaluation.config.inline': 'EvaluationFile',
  'spec.workers': 'WorkersSpec',
  'spec.workers.template': 'WorkerTemplate',
  'spec.allReduce': 'AllReduceSpec',
  'spec.checkpoint': 'CheckpointSpec',
  'spec.output': 'OutputSpec',
  'spec.runPolicy': 'RunPolicy',
  'status.conditions.[]': 'Condition',
  'status.attempts.[]': 'Attempt',
  'status.progress': 'ProgressStatus',
};

/** The part of a JSON schema at a path of property names; `[]` stands for the items of a list. */
export function partOf(schema: JsonSchema, path: string): JsonSchema {
  let here: JsonSchema | undefined = schema;
  for (const key of path.split('.')) {
    here = key === '[]' ? here?.items : here?.properties?.[key];
  }
  if (!here) throw new Error(`the schema has no ${path}`);
  return here;
}

const text = (description: string): JsonSchema => ({ type: 'string', description });
const texts: JsonSchema = { type: 'object', additionalProperties: { type: 'string' } };

/** What the API server adds to a manifest; only what this project reads is named. */
const objectMeta: JsonSchema = {
  title: 'ObjectMeta',
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 253 },
    namespace: { type: 'string', minLength: 1, maxLength: 63 },
    labels: texts,
    annotations: texts,
    uid: text('Set by the API server.'),
    resourceVersion: text('Set by the API server.'),
    generation: { type: 'integer', description: 'Set by the API server.' },
    creationTimestamp: text('Set by the API server.'),
    deletionTimestamp: text('Set by the API server.'),
    finalizers: { type: 'array', items: { type: 'string' } },
    ownerReferences: { type: 'array', items: { type: 'object', additionalProperties: true } },
    managedFields: { type: 'array', items: { type: 'object', additionalProperties: true } },
    generateName: text('A name that the API server completes.'),
    selfLink: text('Set by the API server.'),
  },
  additionalProperties: false,
};

export function trainingJobSchema(definition: Definition): JsonSchema {
  const schema = toJsonSchema(definition.schema);
  for (const [path, title] of Object.entries(titles)) partOf(schema, path).title = title;
  return {
    ...schema,
    title: definition.kind,
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string', enum: [definition.apiVersion] },
      kind: { type: 'string', enum: [definition.kind] },
      metadata: objectMeta,
    },
  };
}

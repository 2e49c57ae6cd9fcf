/**
 * Holds a status against the schema of crds/trainingjobs.yaml: the API server would refuse or prune
 * what does not fit, and a controller would learn it only on a cluster.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { StructuralSchema } from '@tfjs-operator/api/crd/structural-schema.ts';
import { toJsonSchema } from '@tfjs-operator/api/crd/to-json-schema.ts';
import definition from '@tfjs-operator/api/generated/trainingjob-definition.json' with { type: 'json' };
import type { TrainingJobStatus } from '../training-job.ts';

interface Validator {
  (document: unknown): boolean;
  readonly errors?: unknown;
}

interface AjvModule {
  readonly Ajv: new (options: object) => { compile(schema: object): Validator };
}

// The validator of the API package: the operator itself needs none.
const requireOfApi = createRequire(import.meta.resolve('@tfjs-operator/api/package.json'));
const { Ajv } = requireOfApi('ajv') as AjvModule;

const schema: unknown = definition.schema.properties.status;
const isStatus = new Ajv({ allowUnionTypes: true, validateFormats: false }).compile(
  toJsonSchema(schema as StructuralSchema),
);

export function assertStored(status: TrainingJobStatus): void {
  const isValid = isStatus(status);
  assert.ok(isValid, JSON.stringify(isStatus.errors));
}

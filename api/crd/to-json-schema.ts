/**
 * Turns a structural schema into a plain JSON schema (draft 7) for ajv, editors and the type
 * generator. Fields that the structural schema does not name are errors there, as strict field
 * validation makes them in the API server. CEL rules are not part of it: see check-rules.ts.
 */
import type { StructuralSchema } from './structural-schema.ts';

/** Mutable on purpose: the generator adds titles and required fields. */
export interface JsonSchema {
  $schema?: string;
  $id?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  required?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  /** Overrides the generated TypeScript type (json-schema-to-typescript); not for ajv. */
  tsType?: string;
}

const copiedKeywords = [
  'description',
  'type',
  'default',
  'enum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
] as const;

/** A schema that occurs twice (a YAML alias) stays one object, so that it becomes one type. */
export function toJsonSchema(
  schema: StructuralSchema,
  done: Map<StructuralSchema, JsonSchema> = new Map<StructuralSchema, JsonSchema>(),
): JsonSchema {
  const known = done.get(schema);
  if (known) return known;
  const result: Record<string, unknown> = {};
  done.set(schema, result);
  for (const keyword of copiedKeywords) {
    if (schema[keyword] !== undefined) result[keyword] = structuredClone(schema[keyword]);
  }
  if (schema['x-kubernetes-int-or-string']) result['type'] = ['integer', 'string'];
  Object.assign(result, boundsOf(schema));
  if (schema.required) result['required'] = [...schema.required];
  if (schema.items) result['items'] = toJsonSchema(schema.items, done);
  if (schema.properties) {
    result['properties'] = Object.fromEntries(
      Object.entries(schema.properties).map(([key, child]) => [key, toJsonSchema(child, done)]),
    );
  }
  if (schema.type === 'object') result['additionalProperties'] = additionalOf(schema, done);
  return result;
}

/** OpenAPI's boolean exclusive bounds as the numbers of JSON schema. */
function boundsOf(schema: StructuralSchema): JsonSchema {
  const bounds: JsonSchema = {};
  if (schema.minimum !== undefined) {
    bounds[schema.exclusiveMinimum ? 'exclusiveMinimum' : 'minimum'] = schema.minimum;
  }
  if (schema.maximum !== undefined) {
    bounds[schema.exclusiveMaximum ? 'exclusiveMaximum' : 'maximum'] = schema.maximum;
  }
  return bounds;
}

function additionalOf(
  schema: StructuralSchema,
  done: Map<StructuralSchema, JsonSchema>,
): boolean | JsonSchema {
  if (schema.additionalProperties) return toJsonSchema(schema.additionalProperties, done);
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

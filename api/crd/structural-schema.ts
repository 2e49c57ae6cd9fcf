/**
 * The subset of OpenAPI that a CustomResourceDefinition's schema may use (a "structural schema").
 * Owns its shape and how to walk it; never reads files and never judges a value.
 */

/** A CEL rule, evaluated where the schema that holds it applies (`self` is the value there). */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  /** CEL expression that yields the message; the message is used where it fails. */
  readonly messageExpression?: string;
  /** JSON path below `self` that the finding is about, for example `.workers.replicas`. */
  readonly fieldPath?: string;
  readonly reason?: string;
  /** True: the rule also runs where there is no old value (`oldSelf` is then an optional). */
  readonly optionalOldSelf?: boolean;
}

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

export interface StructuralSchema {
  readonly type?: SchemaType;
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly StructuralSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

export type Path = readonly (string | number)[];

/** True for a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schema of an object's field or an array's item; undefined where the schema says nothing. */
export function childSchema(
  schema: StructuralSchema,
  key: string | number,
): StructuralSchema | undefined {
  if (typeof key === 'number') return schema.items;
  const properties = schema.properties ?? {};
  return Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties;
}

/** The schema at a path of property names. @throws where the schema has no such property. */
export function schemaAt(schema: StructuralSchema, path: Path): StructuralSchema {
  let here: StructuralSchema = schema;
  for (const key of path) {
    const child = childSchema(here, key);
    if (!child) throw new Error(`the schema has no ${path.join('.')} (no ${String(key)})`);
    here = child;
  }
  return here;
}

/** The value at a path; undefined where something on the way is missing. */
export function valueAt(value: unknown, path: Path): unknown {
  let here: unknown = value;
  for (const key of path) {
    if (Array.isArray(here)) here = here[Number(key)] as unknown;
    else if (isObject(here) && Object.hasOwn(here, key)) here = here[key];
    else return undefined;
  }
  return here;
}

/** All fields and items of a value that have a schema, with their keys. */
export function childrenOf(
  schema: StructuralSchema,
  value: unknown,
): readonly {
  readonly key: string | number;
  readonly schema: StructuralSchema;
  readonly value: unknown;
}[] {
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isObject(value)
      ? Object.entries(value)
      : [];
  return entries.flatMap(([key, child]) => {
    const found = childSchema(schema, key);
    return found ? [{ key, schema: found, value: child }] : [];
  });
}

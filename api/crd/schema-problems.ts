/**
 * Words for what a JSON-schema validator found: each error becomes one problem with the value and
 * the way out. At most one problem per place, the one that explains most.
 */
import type { ErrorObject } from 'ajv';
import { pathText, valueText, type Problem } from '../finding.ts';
import { nearestName } from '../nearest-name.ts';
import { childSchema, valueAt, type Path, type StructuralSchema } from './structural-schema.ts';

/** Lists of names longer than this are not repeated in a sentence. */
const longestList = 16;

type Describe = (o: {
  readonly error: ErrorObject;
  readonly value: unknown;
  readonly schema: StructuralSchema;
}) => {
  readonly text: string;
  readonly hint?: string;
};

/** @param schema the structural schema that the validator was made from; gives the bounds in words. */
export function schemaProblems(
  errors: readonly ErrorObject[],
  schema: StructuralSchema,
  value: unknown,
): readonly Problem[] {
  const problems = new Map<string, Problem>();
  // Where the type is wrong already, nothing else about the value is worth a word.
  const byWeight = errors.toSorted(
    (a, b) => Number(b.keyword === 'type') - Number(a.keyword === 'type'),
  );
  for (const error of byWeight) {
    const problem = problemOf(error, schema, value);
    const key = pathText(problem.path);
    if (!problems.has(key)) problems.set(key, problem);
  }
  return [...problems.values()];
}

function problemOf(error: ErrorObject, root: StructuralSchema, document: unknown): Problem {
  const parent = pathOf(error.instancePath, document);
  const named = error.params as { missingProperty?: string; additionalProperty?: string };
  const key = named.missingProperty ?? named.additionalProperty;
  const path = key === undefined ? parent : [...parent, key];
  const value = valueAt(document, path);
  const schema = schemaOrEmpty(root, error.keyword === 'additionalProperties' ? parent : path);
  const describe = descriptions[error.keyword];
  const words = describe?.({ error, value, schema }) ?? {
    text: ` is ${valueText(value)}, but ${error.message ?? 'is not valid'}`,
  };
  return { path, value, ...words };
}

/** JSON pointer to keys and indices. */
function pathOf(pointer: string, document: unknown): Path {
  const path: (string | number)[] = [];
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(valueAt(document, path)) ? Number(key) : key);
  }
  return path;
}

function schemaOrEmpty(root: StructuralSchema, path: Path): StructuralSchema {
  let here: StructuralSchema | undefined = root;
  for (const key of path) here = here && childSchema(here, key);
  return here ?? {};
}

const typeWords: Readonly<Record<string, string>> = {
  object: 'a group of fields',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function typeWord(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a fraction';
  return typeof value === 'boolean' ? 'a truth value' : (typeWords[typeof value] ?? typeof value);
}

/** The bounds in words: "set a whole number from 1 to 1024", "set a number above 0 and below 1". */
function bounds(schema: StructuralSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const sides: string[] = [];
  if (minimum !== undefined)
    sides.push(`${exclusiveMinimum ? 'above' : 'from'} ${String(minimum)}`);
  if (maximum !== undefined) {
    const upTo = exclusiveMinimum ? 'up to' : 'to';
    sides.push(`${exclusiveMaximum ? 'below' : upTo} ${String(maximum)}`);
  }
  const number = schema.type === 'integer' ? 'a whole number' : 'a number';
  return `set ${[number, sides.join(exclusiveMinimum || exclusiveMaximum ? ' and ' : ' ')].join(' ')}`;
}

const outOfBounds =
  (relation: string): Describe =>
  ({ error, value, schema }) => ({
    text: ` is ${valueText(value)}, but must be ${relation} ${String((error.params as { limit: number }).limit)}`,
    hint: bounds(schema),
  });

const limitOf = (error: ErrorObject): number => (error.params as { limit: number }).limit;
const sizeOf = (value: unknown): number =>
  Array.isArray(value) || typeof value === 'string'
    ? value.length
    : Object.keys(value ?? {}).length;

const tooMany =
  (things: string): Describe =>
  ({ error, value }) => ({
    text: ` has ${String(sizeOf(value))} ${things}, but at most ${String(limitOf(error))} are allowed`,
    hint: things === 'characters' ? 'shorten it' : 'remove some',
  });

const tooFew =
  (things: string): Describe =>
  ({ error, value }) => ({
    text: sizeOf(value) === 0 ? ' is empty' : ` has only ${String(sizeOf(value))} ${things}`,
    hint:
      things === 'characters'
        ? 'fill it in'
        : `give at least ${String(limitOf(error))}, or remove the field`,
  });

const descriptions: Readonly<Record<string, Describe>> = {
  required: () => ({ text: ' is missing', hint: 'add it' }),
  additionalProperties: ({ error, schema }) => unknownField(error, schema),
  type: ({ value, schema }) => wrongType(value, schema),
  enum: ({ error, value }) =>
    notAmong(value, (error.params as { allowedValues: unknown[] }).allowedValues),
  minimum: outOfBounds('at least'),
  maximum: outOfBounds('at most'),
  exclusiveMinimum: outOfBounds('greater than'),
  exclusiveMaximum: outOfBounds('less than'),
  maxLength: tooMany('characters'),
  maxItems: tooMany('items'),
  maxProperties: tooMany('fields'),
  minLength: tooFew('characters'),
  minItems: tooFew('items'),
  minProperties: tooFew('fields'),
  pattern: ({ value, schema }) =>
    schema['x-kubernetes-int-or-string']
      ? {
          text: ` is ${valueText(value)}, which is no quantity`,
          hint: 'write it like 500m, 2 or 4Gi',
        }
      : {
          text: ` is ${valueText(value)}, which does not match ${schema.pattern ?? 'its pattern'}`,
        },
};

function unknownField(error: ErrorObject, schema: StructuralSchema): ReturnType<Describe> {
  const { additionalProperty } = error.params as { additionalProperty: string };
  const known = Object.keys(schema.properties ?? {});
  const nearest = nearestName(additionalProperty, known);
  const fields =
    known.length > 0 && known.length <= longestList ? `use ${orList(known)}` : 'remove it';
  return {
    text: ' is not a field here',
    hint: nearest === undefined ? fields : `did you mean ${nearest}?`,
  };
}

function wrongType(value: unknown, schema: StructuralSchema): ReturnType<Describe> {
  const wanted = schema['x-kubernetes-int-or-string']
    ? 'a quantity'
    : (typeWords[schema.type ?? ''] ?? 'something else');
  const isQuoted = typeof value === 'string' && /^(true|false|-?[\d.]+(e-?\d+)?)$/i.test(value);
  const isScalar = schema.type !== 'object' && schema.type !== 'array' && schema.type !== 'string';
  return {
    text: ` is ${valueText(value)}, ${typeWord(value)}, but must be ${wanted}`,
    hint: isQuoted && isScalar ? 'remove the quotes' : rightForm(value, schema),
  };
}

const rightForms: Readonly<Record<string, string>> = {
  object: 'write its fields below it, one on each line',
  array: 'write its items in brackets, even a single one',
  boolean: 'write one of the two',
};

/** What to write instead of a value of another type. */
function rightForm(value: unknown, schema: StructuralSchema): string {
  if (schema.type === 'string') {
    return typeof value === 'object' ? 'write one word or sentence' : 'put it in quotes';
  }
  const numberForm = schema.minimum === undefined ? 'write digits' : bounds(schema);
  return rightForms[schema.type ?? ''] ?? numberForm;
}

function notAmong(value: unknown, allowed: readonly unknown[]): ReturnType<Describe> {
  if (allowed.length === 1) {
    return { text: ` is ${valueText(value)}, but must be ${valueText(allowed[0])}` };
  }
  const names = allowed.map(String);
  const nearest = typeof value === 'string' ? nearestName(value, names) : undefined;
  return {
    text: ` is ${valueText(value)}, which is not known here`,
    hint: nearest === undefined ? `use ${orList(names)}` : `did you mean ${nearest}?`,
  };
}

/** `a, b or c`. */
function orList(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}

/**
 * Type, default and bounds of a schema as a person reads them in a table. Pure text; which fields
 * there are is the business of the page.
 */
import type { StructuralSchema } from '../crd/structural-schema.ts';
import { code } from './reference-page.ts';

/** `list of string`, `map of number`, `integer or string`, `string (date-time)`. */
export function typeText(schema: StructuralSchema): string {
  if (schema['x-kubernetes-int-or-string']) return 'integer or string';
  if (schema.items) return `list of ${typeText(schema.items)}`;
  if (schema.additionalProperties) return `map of ${typeText(schema.additionalProperties)}`;
  const type = schema.type ?? 'any';
  return schema.format === 'date-time' ? `${type} (date-time)` : type;
}

export function defaultText({ default: value }: StructuralSchema): string {
  return value === undefined ? '' : code(JSON.stringify(value));
}

/** Values, ranges, lengths and patterns; those of a list's or map's values too. */
export function boundsText(schema: StructuralSchema): string {
  const inner = schema.items ?? schema.additionalProperties;
  const isPlain = inner !== undefined && !inner.properties;
  return [
    valuesText(schema),
    rangeText(schema),
    schema.enum ? '' : sizeText([schema.minLength, schema.maxLength], 'characters'),
    sizeText([schema.minItems, schema.maxItems], 'items'),
    sizeText([schema.minProperties, schema.maxProperties], 'entries'),
    listText(schema),
    patternText(schema),
    isPlain ? prefixed(boundsText(inner)) : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

function valuesText({ enum: values }: StructuralSchema): string {
  return (values ?? [])
    .map((value) => code(typeof value === 'string' && value !== '' ? value : JSON.stringify(value)))
    .join(', ');
}

function rangeText(schema: StructuralSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const least = minimum === undefined ? '' : `${exclusiveMinimum ? '> ' : '≥ '}${String(minimum)}`;
  const most = maximum === undefined ? '' : `${exclusiveMaximum ? '< ' : '≤ '}${String(maximum)}`;
  return [least, most]
    .filter((part) => part !== '')
    .join(', ')
    .replaceAll('<', '&lt;');
}

function sizeText([least, most]: readonly (number | undefined)[], unit: string): string {
  if (least === undefined && most === undefined) return '';
  if (least === undefined) return `at most ${String(most)} ${unit}`;
  if (most === undefined) return `at least ${String(least)} ${unit}`;
  return `${String(least)} to ${String(most)} ${unit}`;
}

function listText(schema: StructuralSchema): string {
  if (schema['x-kubernetes-list-type'] === 'set') return 'no value twice';
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return keys.length === 0 ? '' : `one per ${keys.map(code).join(' and ')}`;
}

function patternText({ pattern }: StructuralSchema): string {
  return pattern === undefined ? '' : `matches ${code(pattern)}`;
}

function prefixed(text: string): string {
  return text === '' ? '' : `each: ${text}`;
}

/**
 * The reference of the TrainingJob: a table of fields and a list of rules for each part of the
 * manifest, from the definition alone. Says nothing that crds/trainingjobs.yaml does not say.
 */
import type { StructuralSchema, ValidationRule } from '../crd/structural-schema.ts';
import { boundsText, defaultText, typeText } from './field-text.ts';
import type { Definition } from './read-definition.ts';
import { cell, code, page, table } from './reference-page.ts';

/** A field by its path below the section's own. */
interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly isRequired: boolean;
}

/** @returns Markdown. */
export function trainingJobReference(definition: Definition): string {
  const { schema, apiVersion, kind } = definition;
  const { spec, status } = schema.properties ?? {};
  if (!spec || !status) throw new Error('the definition has no spec or no status');
  const parts = Object.entries(spec.properties ?? {});
  const isLeaf = ([, child]: (typeof parts)[number]): boolean => !child.properties;
  const leaves = fieldsOf({ ...spec, properties: Object.fromEntries(parts.filter(isLeaf)) });
  return page(kind, 'crds/trainingjobs.yaml', [
    `\`${apiVersion}\`. ${schema.description ?? ''}`,
    'Paths are relative to the heading that they stand under; `[]` is an item of a list, `<name>` a key of a map. A field that is not listed here is an error, both in `kubectl apply` with strict validation and in `tfjsctl validate`. Rules are checked by the API server and, from the same file, by `tfjsctl`.',
    ...section('metadata', [], rulesOf(schema, '', 0)),
    ...section('spec', leaves, rulesOf(spec, '', 0), spec.description),
    ...parts
      .filter((part) => !isLeaf(part))
      .flatMap(([name, child]) =>
        section(`spec.${name}`, fieldsOf(child), rulesOf(child), child.description),
      ),
    ...section('status', fieldsOf(status), rulesOf(status), status.description),
  ]);
}

function section(
  title: string,
  fields: readonly Field[],
  rules: readonly PlacedRule[],
  description?: string,
): string[] {
  const isChange = ({ rule }: PlacedRule): boolean => rule.rule.includes('oldSelf');
  const parts = [`## ${title}`];
  if (description) parts.push(description);
  if (fields.length > 0) {
    parts.push(table(['field', 'type', 'default', 'bounds', 'meaning'], fields.map(fieldRow)));
  }
  parts.push(
    ...ruleList(
      'Rules',
      rules.filter((rule) => !isChange(rule)),
    ),
  );
  parts.push(...ruleList('Rules of changes', rules.filter(isChange)));
  return parts;
}

function fieldRow({ path, schema, isRequired }: Field): string[] {
  return [
    code(path),
    typeText(schema),
    isRequired ? '**required**' : defaultText(schema),
    boundsText(schema),
    cell(schema.description ?? ''),
  ];
}

/** All fields below a schema, depth first, in the order of the definition. */
function fieldsOf(schema: StructuralSchema, prefix = ''): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = prefix + name;
    const isRequired = schema.required?.includes(name) ?? false;
    return [{ path, schema: child, isRequired }, ...fieldsBelow(child, path)];
  });
}

function fieldsBelow(schema: StructuralSchema, path: string): readonly Field[] {
  if (schema.items) return fieldsOf(schema.items, `${path}[].`);
  if (schema.additionalProperties) return fieldsOf(schema.additionalProperties, `${path}.<name>.`);
  return fieldsOf(schema, `${path}.`);
}

interface PlacedRule {
  readonly place: string;
  readonly rule: ValidationRule;
}

/** Rules of a schema and of everything below it. @param depth 0: of the schema alone. */
function rulesOf(schema: StructuralSchema, path = '', depth = Infinity): readonly PlacedRule[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule) => ({
    place: `${path}${rule.fieldPath ?? ''}`.replace(/^\./, ''),
    rule,
  }));
  if (depth === 0) return own;
  const children = Object.entries(schema.properties ?? {}).map(
    ([name, child]): readonly [string, StructuralSchema] => [`${path}.${name}`, child],
  );
  const { items, additionalProperties } = schema;
  if (items) children.push([`${path}[]`, items]);
  if (additionalProperties) children.push([`${path}.<name>`, additionalProperties]);
  return [...own, ...children.flatMap(([at, child]) => rulesOf(child, at))];
}

/** One line per sentence, with all places where it may be said. */
function ruleList(title: string, rules: readonly PlacedRule[]): string[] {
  if (rules.length === 0) return [];
  const places = new Map<string, Set<string>>();
  for (const { place, rule } of rules) {
    const message = rule.message ?? rule.rule;
    places.set(message, (places.get(message) ?? new Set<string>()).add(place));
  }
  const rows = [...places].map(([message, found]) => [
    [...found].map((place) => (place === '' ? 'the whole' : code(place))).join(', '),
    cell(message),
  ]);
  return [`### ${title}`, table(['field', 'sentence'], rows)];
}

/**
 * What the API server demands of crds/trainingjobs.yaml and what we demand besides: a structural
 * schema, bounds on all that people write, rules that compile and defaults that are valid.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Environment } from '@marcbachmann/cel-js';
import { parse } from 'yaml';
import { applyDefaults } from './apply-defaults.ts';
import { listProblems } from './list-problems.ts';
import { createRuleChecker } from './rule-checker.ts';
import { schemaAt, type Path, type StructuralSchema } from './structural-schema.ts';
import { trainingJobDefinition } from './training-job-definition.ts';

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string; readonly shortNames: readonly string[] };
    readonly versions: readonly Version[];
  };
}

interface Version {
  readonly subresources: {
    readonly status: object;
    readonly scale: Readonly<Record<string, string>>;
  };
  readonly additionalPrinterColumns: readonly {
    readonly type: string;
    readonly jsonPath: string;
  }[];
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
}

const file = new URL('../../crds/trainingjobs.yaml', import.meta.url);
const definition = parse(readFileSync(file, 'utf8')) as Definition;
const version = definition.spec.versions[0] as Version;
const root = version.schema.openAPIV3Schema;

interface Place {
  readonly path: Path;
  readonly schema: StructuralSchema;
}

function places(schema: StructuralSchema, path: Path = []): readonly Place[] {
  const properties = Object.entries(schema.properties ?? {});
  return [
    { path, schema },
    ...properties.flatMap(([name, child]) => places(child, [...path, name])),
    ...(schema.items ? places(schema.items, [...path, '[]']) : []),
    ...(schema.additionalProperties ? places(schema.additionalProperties, [...path, '{}']) : []),
  ];
}

const all = places(root);
const text = ({ path }: Place): string => path.join('.');

test('the definition has the name, group and short name that the docs say', () => {
  assert.equal(definition.metadata.name, 'trainingjobs.tfjs-operator.io');
  assert.equal(
    `${definition.spec.names.plural}.${definition.spec.group}`,
    definition.metadata.name,
  );
  assert.deepEqual(definition.spec.names.shortNames, ['tj']);
});

test('the generated schema is that of the definition', () => {
  assert.deepEqual(trainingJobDefinition.schema, root);
});

test('every value has a type, or is an integer or string by Kubernetes’ own keyword', () => {
  const untyped = all.filter(({ schema }) => !schema.type && !schema['x-kubernetes-int-or-string']);
  assert.deepEqual(untyped.map(text), []);
});

test('no keyword occurs that a structural schema forbids', () => {
  const forbidden = ['$ref', 'definitions', 'dependencies', 'deprecated', 'discriminator', 'id',
    'patternProperties', 'readOnly', 'writeOnly', 'xml', 'uniqueItems', 'oneOf', 'allOf', 'not']; // prettier-ignore
  const found = all.filter(({ schema }) =>
    forbidden.some((keyword) => Object.hasOwn(schema, keyword)),
  );
  assert.deepEqual(found.map(text), []);
  const both = all.filter(({ schema }) => schema.properties && schema.additionalProperties);
  assert.deepEqual(both.map(text), []);
});

test('every string, list and map has an upper bound', () => {
  const unbounded = all.filter(({ path, schema }) => {
    if (path[0] === 'metadata') return false;
    if (schema.type === 'string') return schema.maxLength === undefined;
    if (schema.type === 'array') return schema.maxItems === undefined;
    return schema.additionalProperties !== undefined && schema.maxProperties === undefined;
  });
  assert.deepEqual(unbounded.map(text), []);
});

test('every whole number has both bounds, except counters in status', () => {
  const unbounded = all.filter(
    ({ path, schema }) =>
      path[0] === 'spec' &&
      schema.type === 'integer' &&
      (schema.minimum === undefined || schema.maximum === undefined),
  );
  assert.deepEqual(unbounded.map(text), []);
});

test('every list says how it is merged', () => {
  const untold = all.filter(
    ({ schema }) => schema.type === 'array' && !schema['x-kubernetes-list-type'],
  );
  assert.deepEqual(untold.map(text), []);
});

test('only topologies and affinities of core/v1 may hold fields that are not named', () => {
  const open = all.filter(({ schema }) => schema['x-kubernetes-preserve-unknown-fields']);
  assert.deepEqual(open.map(text), [
    'spec.model.inline',
    'spec.model.inline.config',
    'spec.workers.template.affinity.nodeAffinity',
    'spec.workers.template.affinity.podAffinity',
    'spec.workers.template.affinity.podAntiAffinity',
  ]);
  const vague = all.filter(
    ({ path, schema }) =>
      path[0] === 'spec' && schema.type === 'object' && !schema.properties &&
      !schema.additionalProperties && !schema['x-kubernetes-preserve-unknown-fields'],
  ); // prettier-ignore
  assert.deepEqual(vague.map(text), []);
});

test('every rule compiles, has a message without full stop, and names a field that exists', () => {
  const environment = new Environment({ unlistedVariablesAreDyn: true });
  let count = 0;
  for (const place of all) {
    for (const rule of place.schema['x-kubernetes-validations'] ?? []) {
      count += 1;
      assert.doesNotThrow(() => environment.parse(rule.rule), rule.rule);
      if (rule.messageExpression) environment.parse(rule.messageExpression);
      const message = rule.message ?? '';
      assert.ok(
        message.startsWith('must ') || message.includes('; '),
        `${text(place)}: ${message}`,
      );
      assert.doesNotMatch(message, /[.]$/);
      if (rule.fieldPath) schemaAt(place.schema, rule.fieldPath.split('.').slice(1));
    }
  }
  assert.ok(count > 60, `${String(count)} rules`);
});

test('every default is valid with the defaults of its own fields', () => {
  for (const { path, schema } of all) {
    if (schema.default === undefined) continue;
    const value = applyDefaults(schema, schema.default);
    assert.deepEqual(createRuleChecker(schema)(value), [], path.join('.'));
    assert.deepEqual(listProblems(schema, value), []);
    if (schema.enum) assert.ok(schema.enum.includes(value), path.join('.'));
  }
});

test('scale and printer columns read fields that exist', () => {
  const { scale } = version.subresources;
  const columns = version.additionalPrinterColumns.map(({ jsonPath }) => jsonPath);
  for (const path of [...Object.values(scale), ...columns]) {
    if (path.includes('[?') || path.startsWith('.metadata')) continue;
    schemaAt(root, path.split('.').slice(1));
  }
  assert.deepEqual(scale, {
    specReplicasPath: '.spec.workers.replicas',
    statusReplicasPath: '.status.workers.replicas',
    labelSelectorPath: '.status.workers.selector',
  });
});

/**
 * Evaluates the CEL rules of a structural schema (`x-kubernetes-validations`) as the API server
 * does: on every value that the schema covers, with integers as CEL int, and rules that speak of
 * `oldSelf` only where there is an old value. Owns no rule: they are all in crds/.
 */
import { Environment } from '@marcbachmann/cel-js';
import { valueText, type Problem } from '../finding.ts';
import {
  childrenOf,
  isObject,
  valueAt,
  type Path,
  type StructuralSchema,
  type ValidationRule,
} from './structural-schema.ts';

export type CheckRules = (value: unknown, oldValue?: unknown) => readonly Problem[];

type Expression = (context: Readonly<Record<string, unknown>>) => unknown;

/** A rule on a whole spec would carry all of it into every report. */
const longestKeptValue = 500;

const speaksOfOldSelf = /\boldSelf\b/;

/** Expressions are compiled once, at their first use. */
export function createRuleChecker(schema: StructuralSchema): CheckRules {
  const environment = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
  });
  const compiled = new Map<string, Expression>();
  const run = (source: string, context: Readonly<Record<string, unknown>>): unknown => {
    const expression = compiled.get(source) ?? (environment.parse(source) as Expression);
    compiled.set(source, expression);
    return expression(context);
  };
  return (value, oldValue) => checkValue({ schema, value, oldValue, path: [] }, run);
}

interface Place {
  readonly schema: StructuralSchema;
  readonly value: unknown;
  readonly oldValue: unknown;
  readonly path: Path;
}

type Run = (source: string, context: Readonly<Record<string, unknown>>) => unknown;

function checkValue(place: Place, run: Run): readonly Problem[] {
  const own = (place.schema['x-kubernetes-validations'] ?? []).flatMap((rule) =>
    checkRule(rule, place, run),
  );
  const below = childrenOf(place.schema, place.value).flatMap((child) =>
    checkValue(
      {
        schema: child.schema,
        value: child.value,
        // Items of lists have no certain counterpart in the old list; none of our rules needs one.
        oldValue: Array.isArray(place.value) ? undefined : valueAt(place.oldValue, [child.key]),
        path: [...place.path, child.key],
      },
      run,
    ),
  );
  return [...own, ...below];
}

function checkRule(rule: ValidationRule, place: Place, run: Run): readonly Problem[] {
  if (speaksOfOldSelf.test(rule.rule) && place.oldValue === undefined) return [];
  const context = {
    self: celValue(place.schema, place.value),
    oldSelf: celValue(place.schema, place.oldValue),
  };
  if (run(rule.rule, context) === true) return [];
  const below = fieldPathOf(rule);
  return [ruleProblem(messageOf(rule, context, run), place, below)];
}

function messageOf(
  rule: ValidationRule,
  context: Readonly<Record<string, unknown>>,
  run: Run,
): string {
  const text = rule.messageExpression ? run(rule.messageExpression, context) : undefined;
  return typeof text === 'string' ? text : (rule.message ?? `the rule ${rule.rule} does not hold`);
}

/** `.a.b` as keys; the form with brackets does not occur in crds/. */
function fieldPathOf(rule: ValidationRule): Path {
  return rule.fieldPath?.split('.').slice(1) ?? [];
}

/** "must …" speaks of a plain value; else what is wrong, and after the semicolon the way out. */
function ruleProblem(message: string, place: Place, below: Path): Problem {
  const path = [...place.path, ...below];
  const value = valueAt(place.value, below);
  if (message.startsWith('must ')) {
    return { path, value, text: ` is ${valueText(value)}, but ${message}` };
  }
  const [what = message, ...wayOut] = message.split('; ');
  // A field that the rule names is shown; the object that the rule stands on would be too long.
  const shown = value === undefined || below.length === 0 ? '' : ` (${valueText(value)})`;
  const hint = wayOut.join('; ');
  const kept = (JSON.stringify(value) ?? '').length <= longestKeptValue ? value : undefined;
  return { path, value: kept, text: `${shown}: ${what}`, ...(hint === '' ? {} : { hint }) };
}

/** Integers become bigint, CEL's int; all else stays. Fields outside the schema are not seen. */
function celValue(schema: StructuralSchema | undefined, value: unknown): unknown {
  if (schema?.type === 'integer' && typeof value === 'number') return BigInt(Math.trunc(value));
  if (Array.isArray(value)) return value.map((item: unknown) => celValue(schema?.items, item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      celValue(schema?.properties?.[key] ?? schema?.additionalProperties, child),
    ]),
  );
}

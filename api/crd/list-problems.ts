/**
 * Finds entries that occur twice in a list that the API server treats as a set or as a map by keys.
 */
import { valueText, type Problem } from '../finding.ts';
import { childrenOf, isObject, type Path, type StructuralSchema } from './structural-schema.ts';

export function listProblems(
  schema: StructuralSchema,
  value: unknown,
  path: Path = [],
): readonly Problem[] {
  const own = Array.isArray(value) ? duplicates(schema, value, path) : [];
  const below = childrenOf(schema, value).flatMap((child) =>
    listProblems(child.schema, child.value, [...path, child.key]),
  );
  return [...own, ...below];
}

function duplicates(schema: StructuralSchema, list: readonly unknown[], path: Path): Problem[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'set' && listType !== 'map') return [];
  const keys = listType === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined;
  const identity = (item: unknown): unknown =>
    keys && isObject(item) ? keys.map((key) => item[key]) : item;
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    const known = JSON.stringify(identity(item));
    if (!seen.has(known)) {
      seen.add(known);
      return [];
    }
    const name = keys
      ? `${keys.join(', ')} ${valueText(identity(item)).slice(1, -1)}`
      : valueText(item);
    return [
      { path: [...path, index], value: item, text: ` repeats ${name}`, hint: 'keep one of them' },
    ];
  });
}

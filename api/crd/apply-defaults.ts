/**
 * Fills in the defaults of a structural schema as the Kubernetes API server does: a field that is
 * missing takes its default, whose own fields are then defaulted too; null counts as missing, because
 * no field of ours is nullable. A missing object without a default stays missing.
 */
import { childSchema, isObject, type StructuralSchema } from './structural-schema.ts';

/** A defaulted copy; the value given is not changed. */
export function applyDefaults(schema: StructuralSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item) =>
      schema.items ? applyDefaults(schema.items, item) : (item as unknown),
    );
  }
  if (!isObject(value)) return value;
  const filled: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const known = childSchema(schema, key);
    if (child === null && known) continue;
    filled[key] = known ? applyDefaults(known, child) : child;
  }
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (filled[key] === undefined && child.default !== undefined) {
      filled[key] = applyDefaults(child, structuredClone(child.default));
    }
  }
  return filled;
}

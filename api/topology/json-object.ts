/**
 * Narrowing of parsed JSON, which is `unknown` until looked at. Owns no schema: what the keys mean
 * is known to the files that read them.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under `key`, or undefined where there is none. */
export function objectAt(value: JsonObject, key: string): JsonObject | undefined {
  const found = value[key];
  return isJsonObject(found) ? found : undefined;
}

/** The text under `key`, or undefined where there is none. */
export function textAt(value: JsonObject, key: string): string | undefined {
  const found = value[key];
  return typeof found === 'string' ? found : undefined;
}

/** True for null and for a key that is not there: JSON writers mean the same by both. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

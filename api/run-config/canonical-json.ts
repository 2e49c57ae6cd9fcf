/**
 * One text for one value: keys sorted, no spaces, numbers and strings as JSON.stringify writes them
 * (RFC 8785). Digests of documents are taken over it, so that the order of keys does not matter.
 */
import { createHash } from 'node:crypto';
import { isObject } from '../crd/structural-schema.ts';

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, child: unknown) => (isObject(child) ? sorted(child) : child));
}

/** `sha256:…` over the canonical JSON of a value. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`;
}

function sorted(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) result[key] = value[key];
  return result;
}

/**
 * Turns a normalised topology into the configuration objects of TensorFlow.js: camelCase keys and
 * words, initializers replaced by ones that wait (deferred-initializer.ts). What
 * `tf.models.modelFromJSON` does on its way, but synchronous and with names of layers left alone.
 */
import { DeferredInitializer } from './deferred-initializer.ts';
import { isJsonObject } from '@tfjs-operator/api/topology/json-object.ts';

/** Keys under which a text names a layer and is no word of the configuration. */
const nameKeys: ReadonlySet<string> = new Set([
  'name',
  'class_name',
  'inbound_nodes',
  'input_layers',
  'output_layers',
]);

export function toTfjsConfig(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return nameKeys.has(key) ? value : camelCase(value);
  if (Array.isArray(value)) return value.map((item) => toTfjsConfig(item, key));
  if (!isJsonObject(value)) return value;
  if (key.endsWith('_initializer')) {
    return { className: DeferredInitializer.className, config: { wanted: value } };
  }
  return Object.fromEntries(
    Object.entries(value).map(([inner, item]) => [camelCase(inner), toTfjsConfig(item, inner)]),
  );
}

function camelCase(text: string): string {
  return text.replaceAll(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}

/**
 * Finds the topology in a network-structure file: Keras writes `{class_name, config}`, tfjs wraps it
 * in `modelTopology` (model.json), older Keras in `model_config`. Layers are not looked at here.
 */
import { isObject } from '../crd/structural-schema.ts';
import type { Problem } from '../finding.ts';
import { valueText } from '../finding.ts';
import type { Topology } from '../run-config.ts';

const wrappers = ['modelTopology', 'model_config'] as const;
const modelClasses: readonly string[] = ['Sequential', 'Functional', 'Model'];

export type ReadTopology = { readonly topology: Topology } | { readonly problem: Problem };

export function readTopology(document: unknown): ReadTopology {
  let here = document;
  for (const wrapper of wrappers) {
    if (isObject(here) && isObject(here[wrapper])) here = here[wrapper];
  }
  if (!isObject(here)) {
    return wrong(
      [],
      document,
      ' is no topology',
      'save the model with model.toJSON() or to_json()',
    );
  }
  const { class_name: className, config } = here;
  if (typeof className !== 'string') {
    const text =
      className === undefined ? ' is missing' : ` is ${valueText(className)}, but must be a text`;
    return wrong(['class_name'], className, text, 'write Sequential or Functional');
  }
  if (!modelClasses.includes(className)) {
    const text = ` is ${valueText(className)}, which is no model`;
    return wrong(
      ['class_name'],
      className,
      text,
      'write Sequential or Functional, with the layers in config',
    );
  }
  // Keras 1 and early tfjs wrote a Sequential's layers without the object around them.
  if (Array.isArray(config))
    return { topology: { class_name: className, config: { layers: config } } };
  if (!isObject(config)) {
    return wrong(['config'], config, ' is missing', 'give the layers in config.layers');
  }
  return { topology: { class_name: className, config } };
}

function wrong(path: readonly string[], value: unknown, text: string, hint: string): ReadTopology {
  return { problem: { path, value, text, hint } };
}

/**
 * The edges of a functional model: `inbound_nodes` in the nested lists of Keras 2 and TensorFlow.js
 * or in the `__keras_tensor__` objects of Keras 3, brought to the nested lists.
 */
import { Failure } from '../failure.ts';
import {
  attentionClass,
  checkSharedAttention,
  normalizeAttentionCall,
} from './normalize-attention.ts';
import type { InboundReference } from './inbound-reference.ts';
import { isAbsent, isJsonObject, objectAt, textAt, type JsonObject } from './json-object.ts';

/** @returns one list of references per call of the layer. */
export function normalizeInbound(
  value: unknown,
  { layer, className }: { readonly layer: string; readonly className: string },
): InboundReference[][] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) throw malformed(layer);
  if (className === attentionClass) {
    const calls = value.map((call: unknown) => normalizeAttentionCall(call, layer));
    checkSharedAttention(calls, layer);
    return calls;
  }
  return value.map((call: unknown) => {
    if (isJsonObject(call)) return fromKeras3(call, layer);
    if (!Array.isArray(call)) throw malformed(layer);
    // A single input may come without its list: ["name", 0, 0].
    const references: unknown[] = typeof call[0] === 'string' ? [call] : call;
    return references.map((reference) => fromKeras2(reference, layer));
  });
}

function fromKeras2(reference: unknown, layer: string): InboundReference {
  if (!Array.isArray(reference)) throw malformed(layer);
  const [name, call, output, options] = reference as unknown[];
  if (typeof name !== 'string') throw malformed(layer);
  if (isJsonObject(options)) refuseArguments(options, layer);
  return [name, Number(call ?? 0), Number(output ?? 0), {}];
}

function fromKeras3(call: JsonObject, layer: string): InboundReference[] {
  refuseArguments(objectAt(call, 'kwargs') ?? {}, layer);
  const found: InboundReference[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) collect(item);
    } else if (isJsonObject(value) && textAt(value, 'class_name') === '__keras_tensor__') {
      const history = objectAt(value, 'config')?.['keras_history'];
      found.push(fromKeras2(history, layer));
    } else if (value !== null) {
      throw malformed(layer);
    }
  };
  collect(call['args'] ?? []);
  return found;
}

/** A call argument such as initial_state or training changes the result: never dropped silently. */
function refuseArguments(options: JsonObject, layer: string): void {
  const used = Object.entries(options).find(([, value]) => !isAbsent(value));
  if (!used) return;
  throw new Failure(
    'BadConfig',
    `Layer "${layer}" is called with ${used[0]}, which this trainer does not pass on; call the layer with its inputs only.`,
  );
}

function malformed(layer: string): Failure {
  return new Failure(
    'BadConfig',
    `Layer "${layer}" has inbound_nodes of an unknown form; write [[["name of the input layer", 0, 0, {}]]].`,
  );
}

/**
 * `input_layers` and `output_layers` as lists of [name, call, output]; Keras 3 writes a single one
 * without the outer list.
 */
export function normalizeReferences(
  value: unknown,
  at: { readonly model: string; readonly key: string; readonly known: ReadonlySet<string> },
): [string, number, number][] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  const references = typeof list[0] === 'string' && typeof list[1] === 'number' ? [list] : list;
  if (references.length === 0) {
    throw new Failure('BadConfig', `Model "${at.model}" has no ${at.key}; name them.`);
  }
  return references.map((reference) => {
    const [name, call, output] = (Array.isArray(reference) ? reference : [reference]) as unknown[];
    if (typeof name !== 'string' || !at.known.has(name)) {
      throw new Failure(
        'BadConfig',
        `Model "${at.model}": ${at.key} names "${String(name)}", which is no layer of the model.`,
      );
    }
    return [name, Number(call ?? 0), Number(output ?? 0)];
  });
}

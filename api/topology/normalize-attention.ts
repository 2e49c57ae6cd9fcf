/**
 * What MultiHeadAttention has that no other layer has: calls with a query, a value and perhaps a key
 * by position or by name, and settings that Keras writes in several ways. The normal form of a call
 * lists each tensor once, since TensorFlow.js frees one that a layer takes twice too early: [query]
 * of self-attention, [query, value] where the values are the keys, [query, value, key]. Any other
 * division is said by the option `tensors`, the indices of query, value and key in the list. Options
 * are at the last tensor, where TensorFlow.js looks for them.
 */
import { Failure } from '../failure.ts';
import { isAbsent, isJsonObject, objectAt, textAt, type JsonObject } from './json-object.ts';
import type { InboundReference } from './inbound-reference.ts';

export const attentionClass = 'MultiHeadAttention';

/** Names of the layer's arguments in the order of positions. */
const inputNames = ['query', 'value', 'key'] as const;

/** Indices of query, value and key by the length of the list, where no option says others. */
const usualTensors = [[], [0, 0, 0], [0, 1, 1], [0, 1, 2]] as const;

/** One call in the normal form. */
export function normalizeAttentionCall(call: unknown, layer: string): InboundReference[] {
  const { inputs, options } = isJsonObject(call)
    ? fromKeras3(call, layer)
    : fromKeras2(call, layer);
  const { use_causal_mask: causal, ...others } = options;
  const used = Object.entries({ ...others, ...inputs }).find(
    ([name, value]) => !isAbsent(value) && value !== false && !isInputName(name),
  );
  if (used) throw refused(layer, used[0]);
  const { query, value, key = value } = inputs;
  if (!query || !value || !key) {
    throw new Failure(
      'BadConfig',
      `Layer "${layer}" (${attentionClass}) is called without a ${query ? 'value' : 'query'}; call it with query and value.`,
    );
  }
  const ids = [query, value, key].map((tensor) => tensor.join());
  const distinct = [...new Set(ids)];
  const tensors = ids.map((id) => distinct.indexOf(id));
  const isUsual = tensors.join() === usualTensors[distinct.length]?.join();
  const last = {
    ...(causal === true ? { use_causal_mask: true } : {}),
    ...(isUsual ? {} : { tensors }),
  };
  return distinct.map((id, index) => {
    const tensor = [query, value, key][ids.indexOf(id)] ?? query;
    return [...tensor, index === distinct.length - 1 ? last : {}];
  });
}

function isInputName(name: string): boolean {
  return (inputNames as readonly string[]).includes(name);
}

/** TensorFlow.js computes all calls of a layer alike. */
export function checkSharedAttention(
  calls: readonly (readonly InboundReference[])[],
  layer: string,
): void {
  const kinds = calls.map((call) => JSON.stringify([call.length, call.at(-1)?.[3]]));
  if (kinds.every((kind) => kind === kinds[0])) return;
  throw new Failure(
    'BadConfig',
    `Layer "${layer}" (${attentionClass}) is called in two ways (as self- and cross-attention, or with use_causal_mask and without); use two layers.`,
  );
}

/** A call in the normal form as Keras 3 writes it, which is the only form that Keras 3 can read. */
export function attentionCallOfKeras3(call: readonly InboundReference[]): JsonObject {
  const { tensors = usualTensors[call.length], ...kwargs } = call.at(-1)?.[3] ?? {};
  const args = (tensors as readonly number[]).map((index) => ({
    class_name: '__keras_tensor__',
    // Shape and dtype are those of the layer that the history names.
    config: { shape: [null], dtype: 'float32', keras_history: call[index]?.slice(0, 3) },
  }));
  return { args, kwargs };
}

/** Settings in one form each: the width of values, the width of the output as a list, no axes. */
export function normalizeAttentionConfig(config: JsonObject): JsonObject {
  const layer = String(config['name']);
  const axes = config['attention_axes'];
  // Keras 3 writes the axis that it takes by default.
  if (!isAbsent(axes) && String(axes) !== '1') {
    throw new Failure(
      'BadConfig',
      `Layer "${layer}" attends over the axes ${JSON.stringify(axes)}, which this trainer does not compute; set attention_axes to null and give it inputs of shape [length, width].`,
    );
  }
  const width = config['output_shape'];
  const widths: unknown[] = isAbsent(width) ? [] : Array.isArray(width) ? width : [width];
  if (widths.length > 1) {
    throw new Failure(
      'BadConfig',
      `Layer "${layer}" has the output_shape ${JSON.stringify(width)}; give one number, and follow it by Reshape.`,
    );
  }
  const value_dim = config['value_dim'] ?? config['key_dim'];
  const sizes = { num_heads: config['num_heads'], key_dim: config['key_dim'], value_dim };
  for (const [key, size] of Object.entries({ ...sizes, output_shape: widths[0] ?? 1 })) {
    if (Number.isInteger(size) && Number(size) > 0) continue;
    throw new Failure(
      'BadConfig',
      `Layer "${layer}" has ${key}: ${JSON.stringify(size)}; give a whole number above 0.`,
    );
  }
  const output_shape = widths.length === 0 ? null : widths;
  return { ...config, value_dim, output_shape, attention_axes: null };
}

/** @throws Failure where the layer would get one input only: in a Sequential or a wrapper. */
export function refuseLoneAttention(className: string, name: string): void {
  if (className !== attentionClass) return;
  throw new Failure(
    'BadConfig',
    `Layer "${name}" (${attentionClass}) takes a query and a value, which a Sequential and a wrapper cannot give; make the model with the functional API.`,
  );
}

type Tensor = readonly [string, number, number];

interface Call {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly options: JsonObject;
}

type Arguments = readonly (readonly [name: string, value: unknown])[];

function fromKeras3(call: JsonObject, layer: string): Call {
  const given: unknown[] = Array.isArray(call['args']) ? call['args'] : [];
  if (given.length > inputNames.length) throw refused(layer, 'a mask');
  return callOf([
    ...given.map((value, index) => [inputNames[index] ?? '', value] as const),
    ...Object.entries(objectAt(call, 'kwargs') ?? {}),
  ]);
}

/** Keras 2 writes the query as the reference and the other tensors among its options. */
function fromKeras2(call: unknown, layer: string): Call {
  const list: unknown[] = Array.isArray(call) ? call : [];
  const references = typeof list[0] === 'string' ? [list] : list;
  if (references.length > inputNames.length) throw refused(layer, 'a mask');
  const options = Object.fromEntries(
    references.flatMap((reference: unknown) => {
      const own: unknown = Array.isArray(reference) ? reference[3] : undefined;
      return isJsonObject(own) ? Object.entries(own) : [];
    }),
  );
  const { tensors, ...others } = options;
  if ('value' in others) return callOf([['query', references[0]], ...Object.entries(others)]);
  const indices = Array.isArray(tensors) ? tensors : (usualTensors[references.length] ?? []);
  return callOf([
    ...inputNames.map((name, index) => [name, references[Number(indices[index])]] as const),
    ...Object.entries(others),
  ]);
}

function callOf(values: Arguments): Call {
  const inputs: Record<string, Tensor> = {};
  const options: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const tensor = referenceOf(value);
    if (tensor) inputs[name] = tensor;
    else options[name] = value;
  }
  return { inputs, options };
}

/** [layer, call, output] of a tensor of either dialect, else undefined. */
function referenceOf(value: unknown): Tensor | undefined {
  if (isJsonObject(value) && textAt(value, 'class_name') === '__keras_tensor__') {
    return referenceOf(objectAt(value, 'config')?.['keras_history']);
  }
  if (!Array.isArray(value)) return undefined;
  const [name, call, output] = value as unknown[];
  if (typeof name !== 'string') return undefined;
  return [name, Number(call ?? 0), Number(output ?? 0)];
}

function refused(layer: string, argument: string): Failure {
  return new Failure(
    'BadConfig',
    `Layer "${layer}" (${attentionClass}) is called with ${argument}, which this trainer does not pass on; call it with query, value, key and use_causal_mask only.`,
  );
}

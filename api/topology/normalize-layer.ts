/**
 * Brings the configuration of one layer of any dialect to the one form of layer-catalog.ts:
 * snake_case keys, plain dtypes, `batch_input_shape`, Keras's defaults written out. Refuses unknown
 * layers and keys that would change what the layer computes. Knows nothing of graphs.
 */
import { Failure } from '../failure.ts';
import { isAbsent, isJsonObject, objectAt, textAt, type JsonObject } from './json-object.ts';
import { droppedKeys, layerCatalog, requiredKeys, type LayerRule } from './layer-catalog.ts';
import {
  attentionClass,
  normalizeAttentionConfig,
  refuseLoneAttention,
} from './normalize-attention.ts';
import { nameHint } from './name-hint.ts';
import {
  normalizeActivation,
  normalizeConstraint,
  normalizeInitializer,
  normalizeRegularizer,
} from './normalize-functions.ts';

export interface LayerJson {
  readonly class_name: string;
  readonly config: JsonObject;
}

export interface LayerScope {
  /** True inside a topology that Keras 3 wrote. */
  readonly isKeras3: boolean;
  /** A name for a layer that has none, unique in the model. */
  readonly nameFor: (className: string) => string;
}

/** TensorFlow.js has no narrower integers; labels and token indices fit. */
const dtypes: Readonly<Record<string, string>> = {
  float32: 'float32',
  int8: 'int32',
  int16: 'int32',
  int32: 'int32',
  int64: 'int32',
  uint8: 'int32',
  bool: 'bool',
};

/** @throws Failure('BadConfig') with the layer's name, the key, and the way out. */
export function normalizeLayer(layer: LayerJson, scope: LayerScope): LayerJson {
  const { class_name: className, config } = layer;
  const rule = layerCatalog[className];
  const name = textAt(config, 'name') ?? scope.nameFor(className);
  if (!rule) {
    const hint = nameHint(className, Object.keys(layerCatalog));
    throw new Failure(
      'BadConfig',
      `Layer "${name}" is of the class ${className}, which this trainer does not have; ${hint}`,
    );
  }
  checkName(name);
  const result: Record<string, unknown> = { name, ...commonKeys(name, config) };
  const renamed = renameKeys(config, rule);
  for (const [key, value] of Object.entries({ ...rule.fill, ...dropNull(renamed, rule) })) {
    if (isCommon(key) || droppedKeys.has(key)) continue;
    if (!rule.keep.includes(key)) {
      refuseUnlessNeutral({ name, className, key, value, config }, rule);
    } else {
      result[key] = normalizeValue(key, value, { name, className, scope });
    }
  }
  for (const key of requiredKeys[className] ?? []) {
    if (isAbsent(result[key])) {
      throw new Failure('BadConfig', `Layer "${name}" (${className}) has no ${key}; add it.`);
    }
  }
  return {
    class_name: className,
    config: className === attentionClass ? normalizeAttentionConfig(result) : result,
  };
}

interface Place {
  readonly name: string;
  readonly className: string;
}

function normalizeValue(key: string, value: unknown, at: Place & { scope: LayerScope }): unknown {
  const place = `Layer "${at.name}": ${key}`;
  if (key.endsWith('_initializer')) return normalizeInitializer(value, place);
  if (key.endsWith('_regularizer')) return normalizeRegularizer(value, place);
  if (key.endsWith('_constraint')) return normalizeConstraint(value, place);
  if (key === 'activation' || key === 'recurrent_activation') {
    return normalizeActivation(value, place, at.scope.isKeras3);
  }
  if (key === 'reset_after' && value === true) {
    throw new Failure(
      'BadConfig',
      `Layer "${at.name}" is a GRU with reset_after true, which TensorFlow.js does not have; set reset_after to false (in Keras: GRU(…, reset_after=False)).`,
    );
  }
  if (key === 'layer') return wrappedLayer(value, at);
  // Keras 2 writes the axis of BatchNormalization as a list of one.
  if (key === 'axis' && Array.isArray(value) && value.length === 1) return value[0];
  return value;
}

function wrappedLayer(value: unknown, at: Place & { scope: LayerScope }): LayerJson {
  const className = isJsonObject(value) ? textAt(value, 'class_name') : undefined;
  if (!isJsonObject(value) || className === undefined) {
    throw new Failure('BadConfig', `Layer "${at.name}": layer must be {class_name, config}.`);
  }
  const config = { ...objectAt(value, 'config') };
  const given = textAt(config, 'name');
  refuseLoneAttention(className, given ?? at.name);
  // Bidirectional puts the prefix on by itself; Keras 3 writes it into the file.
  if (given !== undefined) config['name'] = given.replace(/^forward_/, '');
  return normalizeLayer({ class_name: className, config }, at.scope);
}

function commonKeys(name: string, config: JsonObject): Record<string, unknown> {
  const common: Record<string, unknown> = {};
  const trainable = config['trainable'];
  if (trainable !== undefined) common['trainable'] = trainable !== false;
  const batchShape = config['batch_input_shape'] ?? config['batch_shape'];
  const shape = config['input_shape'] ?? config['shape'];
  if (Array.isArray(batchShape)) common['batch_input_shape'] = [null, ...batchShape.slice(1)];
  else if (Array.isArray(shape)) common['batch_input_shape'] = [null, ...(shape as unknown[])];
  else if (typeof config['input_dim'] === 'number' && config['output_dim'] === undefined) {
    common['batch_input_shape'] = [null, config['input_dim']];
  }
  common['dtype'] = dtypeOf(name, config['dtype']);
  return common;
}

function isCommon(key: string): boolean {
  return [
    'name',
    'trainable',
    'dtype',
    'batch_input_shape',
    'batch_shape',
    'input_shape',
    'shape',
  ].includes(key);
}

/** Plain name of a dtype, also from a Keras 3 policy object. */
function dtypeOf(layer: string, value: unknown): string {
  if (isAbsent(value)) return 'float32';
  const policy = isJsonObject(value) ? objectAt(value, 'config') : undefined;
  const name = typeof value === 'string' ? value : policy && textAt(policy, 'name');
  const dtype = dtypes[name ?? ''];
  if (!dtype) {
    throw new Failure(
      'BadConfig',
      `Layer "${layer}" has the dtype ${name ?? JSON.stringify(value).slice(0, 60)}; only float32 is trained, set dtype to float32.`,
    );
  }
  return dtype;
}

function renameKeys(config: JsonObject, rule: LayerRule): JsonObject {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [rule.rename?.[key] ?? key, value]),
  );
}

/** An explicit null asks for the default, except where null is a value (activation: none). */
function dropNull(config: JsonObject, rule: LayerRule): JsonObject {
  return Object.fromEntries(
    Object.entries(config).filter(([key, value]) => value !== null || !(key in (rule.fill ?? {}))),
  );
}

function refuseUnlessNeutral(
  at: Place & { key: string; value: unknown; config: JsonObject },
  rule: LayerRule,
): void {
  const { name, className, key, value } = at;
  const neutral = rule.neutral?.[key];
  if (neutral?.includes(value)) return;
  if (key === 'backward_layer' && isMirror(at.config['layer'], value)) return;
  if (neutral) {
    throw new Failure(
      'BadConfig',
      `Layer "${name}" (${className}) has ${key}: ${JSON.stringify(value)}, which TensorFlow.js does not compute; set it to ${JSON.stringify(neutral[0])}.`,
    );
  }
  if (isAbsent(value) || value === false) return;
  if (key === 'input_dim' && typeof value === 'number') return;
  throw new Failure(
    'BadConfig',
    `Layer "${name}" (${className}) has the unknown key ${key}; ${nameHint(key, [...rule.keep, 'name', 'trainable', 'batch_input_shape'])}`,
  );
}

/** Keras 3 writes the backward layer out: TensorFlow.js makes it from the forward one. */
function isMirror(forward: unknown, backward: unknown): boolean {
  const shape = (layer: unknown): string => {
    const config = isJsonObject(layer) ? objectAt(layer, 'config') : undefined;
    return JSON.stringify({ ...config, name: '', go_backwards: null, trainable: null });
  };
  return isJsonObject(backward) && shape(forward) === shape(backward);
}

/** Same rule as TensorFlow.js has for names of tensors. */
function checkName(name: string): void {
  if (/^[A-Za-z0-9][-A-Za-z0-9._/]*$/.test(name)) return;
  throw new Failure(
    'BadConfig',
    `Layer name "${name}" may hold only letters, digits, ".", "-", "_" and "/", and starts with a letter or digit; rename the layer.`,
  );
}

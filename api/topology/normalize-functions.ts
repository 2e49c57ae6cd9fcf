/**
 * Brings initializers, regularizers, constraints and activations of any dialect (names in snake or
 * camel case, Keras 3 wrappers, Keras 2 objects) to one form that Keras 2, Keras 3 and
 * TensorFlow.js all read. Refuses what TensorFlow.js cannot compute, naming layer and key.
 */
import { Failure } from '../failure.ts';
import { isAbsent, isJsonObject, objectAt, textAt, type JsonObject } from './json-object.ts';
import { nameHint } from './name-hint.ts';

interface NamedConfig {
  readonly class_name: string;
  readonly config: JsonObject;
}

/** Where a value stands, for messages: `Layer "conv2d": kernel_initializer`. */
export type Place = string;

const variance = (scale: number, mode: string, distribution: string): NamedConfig => ({
  class_name: 'VarianceScaling',
  config: { scale, mode, distribution, seed: null },
});

/**
 * Named special cases of VarianceScaling, as Keras defines them. Written out, since the classes'
 * names differ (LecunNormal, LeCunNormal) between Keras and TensorFlow.js.
 */
const variances: Readonly<Record<string, NamedConfig>> = {
  glorotuniform: variance(1, 'fan_avg', 'uniform'),
  glorotnormal: variance(1, 'fan_avg', 'truncated_normal'),
  heuniform: variance(2, 'fan_in', 'uniform'),
  henormal: variance(2, 'fan_in', 'truncated_normal'),
  lecununiform: variance(1, 'fan_in', 'uniform'),
  lecunnormal: variance(1, 'fan_in', 'truncated_normal'),
};

const initializers: Readonly<Record<string, NamedConfig>> = {
  zeros: { class_name: 'Zeros', config: {} },
  ones: { class_name: 'Ones', config: {} },
  constant: { class_name: 'Constant', config: { value: 0 } },
  randomuniform: {
    class_name: 'RandomUniform',
    config: { minval: -0.05, maxval: 0.05, seed: null },
  },
  randomnormal: { class_name: 'RandomNormal', config: { mean: 0, stddev: 0.05, seed: null } },
  truncatednormal: { class_name: 'TruncatedNormal', config: { mean: 0, stddev: 0.05, seed: null } },
  variancescaling: variance(1, 'fan_in', 'truncated_normal'),
  orthogonal: { class_name: 'Orthogonal', config: { gain: 1, seed: null } },
  identity: { class_name: 'Identity', config: { gain: 1 } },
};

const aliases: Readonly<Record<string, string>> = {
  zero: 'zeros',
  one: 'ones',
  uniform: 'randomuniform',
  normal: 'randomnormal',
  identityinitializer: 'identity',
  orthogonalinitializer: 'orthogonal',
};

const distributions: Readonly<Record<string, string>> = {
  uniform: 'uniform',
  normal: 'truncated_normal', // Keras: a former name of the truncated one
  truncatednormal: 'truncated_normal',
};

/** The one form of an initializer; seeds are dropped, since the run's seed decides. */
export function normalizeInitializer(value: unknown, place: Place): NamedConfig {
  const { name, config } = nameAndConfig(value, place);
  const key = aliases[plain(name)] ?? plain(name);
  const known = initializers[key] ?? variances[key];
  if (!known) {
    const names = ['glorot_uniform', 'glorot_normal', 'he_uniform', 'he_normal', 'lecun_uniform',
      'lecun_normal', 'zeros', 'ones', 'constant', 'random_uniform', 'random_normal',
      'truncated_normal', 'variance_scaling', 'orthogonal', 'identity']; // prettier-ignore
    throw new Failure('BadConfig', `${place} "${name}" is unknown; ${nameHint(name, names)}`);
  }
  if (variances[key]) return known;
  const merged: Record<string, unknown> = { ...known.config };
  for (const field of Object.keys(merged)) {
    if (field !== 'seed' && !isAbsent(config[field])) merged[field] = config[field];
  }
  if (key === 'variancescaling') {
    merged['mode'] = String(merged['mode']).replace(
      /[A-Z]/,
      (letter) => `_${letter.toLowerCase()}`,
    );
    const distribution = distributions[plain(String(merged['distribution']))];
    if (!distribution) {
      throw new Failure(
        'BadConfig',
        `${place} has the distribution "${String(merged['distribution'])}"; use uniform or truncated_normal.`,
      );
    }
    merged['distribution'] = distribution;
  }
  return { class_name: known.class_name, config: merged };
}

/** The one form of a weight regularizer: L1L2, or null for none. */
export function normalizeRegularizer(value: unknown, place: Place): NamedConfig | null {
  if (isAbsent(value)) return null;
  const { name, config } = nameAndConfig(value, place);
  const key = plain(name);
  const both = { l1: 0.01, l2: 0.01 }; // Keras's defaults of the names `l1`, `l2`, `l1_l2`
  if (!['l1', 'l2', 'l1l2'].includes(key)) {
    throw new Failure('BadConfig', `${place} "${name}" is unknown; use l1, l2 or l1_l2.`);
  }
  const amount = (field: 'l1' | 'l2'): number => {
    const given = config[field];
    if (typeof given === 'number') return given;
    const isNamed = typeof value === 'string' && key.includes(field);
    return isNamed ? both[field] : 0;
  };
  return { class_name: 'L1L2', config: { l1: amount('l1'), l2: amount('l2') } };
}

/** The one form of a weight constraint, or null for none. */
export function normalizeConstraint(value: unknown, place: Place): NamedConfig | null {
  if (isAbsent(value)) return null;
  const { name, config } = nameAndConfig(value, place);
  const known: Readonly<Record<string, string>> = {
    maxnorm: 'MaxNorm',
    minmaxnorm: 'MinMaxNorm',
    nonneg: 'NonNeg',
    unitnorm: 'UnitNorm',
  };
  const found = known[plain(name)];
  if (!found) {
    const hint = nameHint(name, ['max_norm', 'min_max_norm', 'non_neg', 'unit_norm']);
    throw new Failure('BadConfig', `${place} "${name}" is unknown; ${hint}`);
  }
  return { class_name: found, config };
}

const activations: Readonly<Record<string, string>> = Object.fromEntries(
  ['elu', 'selu', 'relu', 'relu6', 'linear', 'sigmoid', 'hard_sigmoid', 'softplus', 'softsign',
    'tanh', 'softmax', 'log_softmax', 'gelu', 'mish', 'swish'].map((name) => [plain(name), name]),
); // prettier-ignore

/**
 * The one name of an activation.
 * @param isKeras3 Keras 3 changed hard_sigmoid to x/6 + 1/2; TensorFlow.js and Keras 2 mean
 *   x/5 + 1/2, so the name cannot be taken over from there.
 */
export function normalizeActivation(value: unknown, place: Place, isKeras3: boolean): string {
  if (isAbsent(value)) return 'linear';
  const name =
    typeof value === 'string' ? value : (isJsonObject(value) && textAt(value, 'config')) || '';
  const found = plain(name) === 'silu' ? 'swish' : activations[plain(name)];
  if (!found) {
    const shown = name === '' ? JSON.stringify(value).slice(0, 60) : name;
    const hint = nameHint(name, Object.values(activations));
    throw new Failure('BadConfig', `${place} "${shown}" is unknown; ${hint}`);
  }
  if (found === 'hard_sigmoid' && isKeras3) {
    throw new Failure(
      'BadConfig',
      `${place} is hard_sigmoid, which Keras 3 and TensorFlow.js define differently; use sigmoid.`,
    );
  }
  return found;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

function nameAndConfig(value: unknown, place: Place): { name: string; config: JsonObject } {
  if (typeof value === 'string') return { name: value, config: {} };
  const name = isJsonObject(value) ? textAt(value, 'class_name') : undefined;
  if (!isJsonObject(value) || name === undefined) {
    throw new Failure(
      'BadConfig',
      `${place} is ${JSON.stringify(value).slice(0, 60)}; give a name or {class_name, config}.`,
    );
  }
  return { name, config: objectAt(value, 'config') ?? {} };
}

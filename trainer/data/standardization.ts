/**
 * Standardisation: what a model sees is `(x - mean) / std`, computed in float64 and rounded once to
 * float32. The figures come from the training split only and are stored with the model, so that
 * training, evaluation and serving share this one function.
 *
 *   none                  mean 0, std 1
 *   scale                 mean 0, std 255
 *   standard              one mean and one population standard deviation over all training values
 *   standard-per-feature  the same for each feature by itself
 *
 * A feature without variance gets std 1: it becomes 0 in training, and the plain difference from
 * its training value elsewhere.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { DatasetConfig } from '@tfjs-operator/api/run-config.ts';

export type StandardizationKind = DatasetConfig['features']['standardize'];

/** Also the JSON form that is stored with the model. */
export interface Standardization {
  readonly kind: StandardizationKind;
  /** Length 1, or one per feature. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export type RawFeatures = Uint8Array | Float32Array;

/** Distance of neighbouring float64 at 1. */
const EPSILON = 2 ** -52;

const KINDS: readonly string[] = ['none', 'scale', 'standard', 'standard-per-feature'];

/**
 * Figures over the given rows.
 * @param features [samples, width], raw.
 * @param rows the training split.
 */
export function fitStandardization(
  kind: StandardizationKind,
  features: RawFeatures,
  rows: Uint32Array,
  width: number,
): Standardization {
  if (kind === 'none') return { kind, mean: [0], std: [1] };
  if (kind === 'scale') return { kind, mean: [0], std: [255] };
  if (kind === 'standard-per-feature') return perFeature(features, rows, width);
  if (features instanceof Uint8Array) return overBytes(features, rows, width);
  return overFloats(features, rows, width);
}

/** Standardises raw into out of the same length, as a whole number of samples; returns out. */
export type Standardizer = (raw: ArrayLike<number>, out: Float32Array) => Float32Array;

/** The function for many calls: what can be computed once is. */
export function createStandardizer({ mean, std }: Standardization): Standardizer {
  const [means, stds] = [Float64Array.from(mean), Float64Array.from(std)];
  if (means.length > 1) return (raw, out) => byFeature(raw, means, stds, out);
  const [m, s] = [means[0]!, stds[0]!];
  // Bytes have only 256 values: the same results without a division per element.
  const table = Float32Array.from({ length: 256 }, (_, value) => (value - m) / s);
  return (raw, out) => {
    if (raw instanceof Uint8Array) for (let i = 0; i < raw.length; i++) out[i] = table[raw[i]!]!;
    else for (let i = 0; i < raw.length; i++) out[i] = (raw[i]! - m) / s;
    return out;
  };
}

/**
 * Standardises raw samples as training did, for evaluation and serving.
 * @param raw [count, ...sampleShape] row-major.
 * @throws Failure DataError where raw is not a whole number of samples of the fitted width.
 */
export function standardize(
  raw: ArrayLike<number>,
  standardization: Standardization,
): Float32Array {
  const width = standardization.mean.length;
  if (raw.length % width !== 0) {
    throw new Failure(
      'DataError',
      `A sample has ${width} features in training, but ${raw.length} numbers are no whole number of samples; give samples of the training shape.`,
    );
  }
  return createStandardizer(standardization)(raw, new Float32Array(raw.length));
}

/** The inverse of JSON.stringify for a stored standardisation. @throws Failure BadConfig. */
export function parseStandardization(json: unknown): Standardization {
  const { kind, mean, std } = (json ?? {}) as Partial<Record<string, unknown>>;
  const areNumbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.length > 0 && list.every((value) => Number.isFinite(value));
  if (
    typeof kind === 'string' &&
    KINDS.includes(kind) &&
    areNumbers(mean) &&
    areNumbers(std) &&
    mean.length === std.length &&
    std.every((value) => value > 0)
  ) {
    return { kind: kind as StandardizationKind, mean, std };
  }
  throw new Failure(
    'BadConfig',
    'The standardisation stored with the model is damaged: it needs a kind, and means and positive stds of one length; export the model again.',
  );
}

function byFeature(
  raw: ArrayLike<number>,
  means: Float64Array,
  stds: Float64Array,
  out: Float32Array,
): Float32Array {
  const width = means.length;
  for (let start = 0; start < raw.length; start += width) {
    for (let j = 0; j < width; j++) out[start + j] = (raw[start + j]! - means[j]!) / stds[j]!;
  }
  return out;
}

/** Exact: a histogram of 256 values and whole sums. */
function overBytes(features: Uint8Array, rows: Uint32Array, width: number): Standardization {
  const histogram = new Float64Array(256);
  for (const row of rows) {
    for (let at = row * width; at < (row + 1) * width; at++) histogram[features[at]!]! += 1;
  }
  const count = rows.length * width;
  const mean = histogram.reduce((sum, times, value) => sum + times * value, 0) / count;
  const squares = histogram.reduce((sum, times, value) => sum + times * (value - mean) ** 2, 0);
  return { kind: 'standard', mean: [mean], std: [deviation(squares / count, mean, count)] };
}

/** Two passes: the sum of squared differences from the mean does not cancel out. */
function overFloats(features: Float32Array, rows: Uint32Array, width: number): Standardization {
  const count = rows.length * width;
  let sum = 0;
  for (const row of rows)
    for (let at = row * width; at < (row + 1) * width; at++) sum += features[at]!;
  const mean = sum / count;
  let squares = 0;
  for (const row of rows) {
    for (let at = row * width; at < (row + 1) * width; at++) squares += (features[at]! - mean) ** 2;
  }
  return { kind: 'standard', mean: [mean], std: [deviation(squares / count, mean, count)] };
}

function perFeature(features: RawFeatures, rows: Uint32Array, width: number): Standardization {
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const row of rows) for (let j = 0; j < width; j++) mean[j]! += features[row * width + j]!;
  for (let j = 0; j < width; j++) mean[j]! /= rows.length;
  for (const row of rows) {
    for (let j = 0; j < width; j++) squares[j]! += (features[row * width + j]! - mean[j]!) ** 2;
  }
  const std = Array.from(squares, (sum, j) => deviation(sum / rows.length, mean[j]!, rows.length));
  return { kind: 'standard-per-feature', mean: Array.from(mean), std };
}

/**
 * Square root of the variance, 1 where the variance is no more than rounding errors of a constant
 * (the bound of scikit-learn's StandardScaler, `_is_constant_feature`).
 */
function deviation(variance: number, mean: number, count: number): number {
  const bound = count * EPSILON * variance + (count * mean * EPSILON) ** 2;
  return variance <= bound ? 1 : Math.sqrt(variance);
}

/**
 * Initial weights computed in plain JavaScript from (seed, weight name): equal on every rank and
 * backend, where TensorFlow.js draws new ones per process and its Orthogonal needs chained tensor
 * methods. Formulas and defaults are those of keras.initializers.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import { elementsOf } from '../named-array.ts';
import type { JsonObject } from '@tfjs-operator/api/topology/json-object.ts';
import { randomStream, type RandomStream } from './random-stream.ts';

export interface InitializerJson {
  readonly class_name: string;
  readonly config: JsonObject;
}

export interface InitialKey {
  readonly seed: number;
  /** Of the weight. */
  readonly name: string;
  /** Leading axes that count inputs, the others count outputs; absent: a kernel of a window. */
  readonly inputAxes?: number | undefined;
}

/** Standard deviation of a standard normal cut at ±2: scipy.stats.truncnorm.std(-2, 2). */
const truncatedDeviation = 0.87962566103423978;

/** Values of a weight of this shape, row-major. */
export function initialValues(
  initializer: InitializerJson,
  shape: readonly number[],
  key: InitialKey,
): Float32Array {
  const { class_name: className, config } = initializer;
  const number = (field: string): number => Number(config[field] ?? 0);
  const random = randomStream(key.seed, key.name);
  const fill = (draw: () => number): Float32Array =>
    Float32Array.from({ length: elementsOf(shape) }, draw);
  switch (className) {
    case 'Zeros':
      return fill(() => 0);
    case 'Ones':
      return fill(() => 1);
    case 'Constant':
      return fill(() => number('value'));
    case 'RandomUniform':
      return fill(() => between(random, number('minval'), number('maxval')));
    case 'RandomNormal':
      return fill(() => number('mean') + number('stddev') * random.normal());
    case 'TruncatedNormal':
      return fill(() => number('mean') + number('stddev') * truncated(random));
    case 'VarianceScaling':
      return fill(varianceScaling(config, fans(shape, key.inputAxes), random));
    case 'Orthogonal':
      return orthogonal(shape, number('gain'), random);
    case 'Identity':
      return identity(shape, number('gain'), key.name);
    default:
      throw new Failure(
        'BadConfig',
        `Weight "${key.name}" has the unknown initializer ${className}.`,
      );
  }
}

function between(random: RandomStream, low: number, high: number): number {
  return low + (high - low) * random.uniform();
}

/** Normal, drawn again beyond two deviations. */
function truncated(random: RandomStream): number {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= 2) return value;
  }
}

function varianceScaling(
  config: JsonObject,
  { fanIn, fanOut }: Fans,
  random: RandomStream,
): () => number {
  const mode = config['mode'];
  const divisor = mode === 'fan_in' ? fanIn : mode === 'fan_out' ? fanOut : (fanIn + fanOut) / 2;
  const scale = Number(config['scale'] ?? 1) / Math.max(1, divisor);
  if (config['distribution'] === 'uniform') {
    const limit = Math.sqrt(3 * scale);
    return () => between(random, -limit, limit);
  }
  const deviation = Math.sqrt(scale) / truncatedDeviation;
  return () => deviation * truncated(random);
}

interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** keras.initializers.compute_fans: kernels are [...window, in, out] unless the axes are told. */
function fans(shape: readonly number[], inputAxes?: number): Fans {
  if (inputAxes !== undefined) {
    const [inputs, outputs] = [shape.slice(0, inputAxes), shape.slice(inputAxes)];
    return { fanIn: elementsOf(inputs), fanOut: elementsOf(outputs) };
  }
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  const last = shape.at(-1) ?? 1;
  if (shape.length === 1) return { fanIn: last, fanOut: last };
  const window = elementsOf(shape.slice(0, -2));
  return { fanIn: window * (shape.at(-2) ?? 1), fanOut: window * last };
}

/** Random matrix with orthonormal rows or columns (the fewer), times gain. */
function orthogonal(shape: readonly number[], gain: number, random: RandomStream): Float32Array {
  const columns = shape.at(-1) ?? 1;
  const rows = elementsOf(shape.slice(0, -1));
  const length = Math.max(rows, columns);
  const basis: Float64Array[] = [];
  while (basis.length < Math.min(rows, columns)) {
    const vector = Float64Array.from({ length }, () => random.normal());
    // Twice: one pass of Gram-Schmidt loses orthogonality to rounding.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) subtractProjection(vector, other);
    }
    const norm = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((value) => value / norm));
  }
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const row = Math.floor(index / columns);
    const column = index % columns;
    const [vector, position] = rows < columns ? [row, column] : [column, row];
    return gain * basis[vector]![position]!;
  });
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const length = dot(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i]! -= length * unit[i]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function identity(shape: readonly number[], gain: number, name: string): Float32Array {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined) {
    throw new Failure(
      'BadConfig',
      `Weight "${name}" of shape [${shape.join(', ')}] cannot start as an identity; take another initializer.`,
    );
  }
  return Float32Array.from({ length: rows * columns }, (_, index) =>
    Math.floor(index / columns) === index % columns ? gain : 0,
  );
}

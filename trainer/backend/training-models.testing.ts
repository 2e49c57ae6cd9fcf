/**
 * For tests: small networks with the layers that real ones are made of, with the same weights on
 * every backend, and batches for them.
 */
import * as tfl from '@tensorflow/tfjs-layers';
import { CLASSES, tinyStep, uniform } from '../step/simulated-ranks.ts';
import type { StepBatch, TrainingStep } from '../step/training-step.ts';

const { layers } = tfl;
const image = [10, 10, 3] as const;
const sequence = [6, 5] as const;

interface Network {
  readonly inputShape: readonly number[];
  /** Seeds are given out in order, so that no two layers have equal weights. */
  readonly hidden: (
    initializer: () => ReturnType<typeof tfl.initializers.glorotUniform>,
  ) => tfl.layers.Layer[];
}

export const networks = {
  cnn: {
    inputShape: image,
    hidden: (next) => [
      layers.conv2d({
        filters: 6,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: next(),
      }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({
        filters: 8,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        kernelInitializer: next(),
      }),
      layers.averagePooling2d({ poolSize: 2, padding: 'same' }),
      layers.flatten(),
    ],
  },
  lstm: {
    inputShape: sequence,
    hidden: (next) => [
      layers.lstm({ units: 8, kernelInitializer: next(), recurrentInitializer: next() }),
    ],
  },
  batchNormalization: {
    inputShape: image,
    hidden: (next) => [
      layers.conv2d({ filters: 6, kernelSize: 3, useBias: false, kernelInitializer: next() }),
      layers.batchNormalization(),
      layers.activation({ activation: 'relu' }),
      layers.globalAveragePooling2d({}),
      // A bias before BatchNormalization has no gradient but rounding.
      layers.dense({ units: 8, useBias: false, kernelInitializer: next() }),
      layers.batchNormalization(),
    ],
  },
  depthwise: {
    inputShape: image,
    hidden: (next) => [
      layers.depthwiseConv2d({
        kernelSize: 3,
        depthMultiplier: 2,
        padding: 'same',
        activation: 'relu',
        depthwiseInitializer: next(),
      }),
      layers.separableConv2d({
        filters: 8,
        kernelSize: 3,
        strides: 2,
        depthwiseInitializer: next(),
        pointwiseInitializer: next(),
      }),
      layers.globalAveragePooling2d({}),
    ],
  },
} as const satisfies Readonly<Record<string, Network>>;

export type NetworkName = keyof typeof networks;

export interface Training extends Disposable {
  readonly step: TrainingStep;
}

/** A training step on the current backend; disposing frees the model too. */
export function beginTraining(name: NetworkName): Training {
  const { inputShape, hidden }: Network = networks[name];
  let seed = 0;
  const next = (): ReturnType<typeof tfl.initializers.glorotUniform> =>
    tfl.initializers.glorotUniform({ seed: (seed += 1) });
  const model = tfl.sequential();
  model.add(layers.inputLayer({ inputShape: [...inputShape] }));
  for (const layer of hidden(next)) model.add(layer);
  model.add(layers.dense({ units: CLASSES, activation: 'softmax', kernelInitializer: next() }));
  const step = tinyStep(model, {
    optimizer: { name: 'momentum', learningRate: 0.05 },
    clipNorm: 1,
    bucketBytes: 512,
  });
  return {
    step,
    [Symbol.dispose]: () => {
      step.dispose();
      model.dispose();
    },
  };
}

/** Noise around a mean per class, so that there is something to learn. */
export function batchFor(name: NetworkName, count: number, seed: number): StepBatch {
  const next = uniform(seed + 1);
  const size = networks[name].inputShape.reduce((product, length) => product * length, 1);
  const y = Int32Array.from({ length: count }, () => Math.floor(((next() + 1) / 2) * CLASSES));
  const x = Float32Array.from(
    { length: count * size },
    (_, index) => next() + y[Math.floor(index / size)]! - 1,
  );
  return { x, y, count };
}

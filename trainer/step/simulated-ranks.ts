/**
 * For tests: tiny models, seeded data, and P ranks simulated with one step. `gradients` changes
 * nothing but the arena, so rank after rank can use the same model; their arenas are added by hand
 * where a real run all-reduces.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { createEagerStep, type EagerStepOptions } from './eager-step.ts';
import type { StepBatch, TrainingStep } from './training-step.ts';

export const CLASSES = 3;

/** Uniform numbers in [-1, 1): a linear congruential generator (Numerical Recipes). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export type ModelName = 'mlp' | 'cnn' | 'lstm' | 'batchNormalization';

const SAMPLE_SHAPES: Readonly<Record<ModelName, readonly number[]>> = {
  mlp: [6],
  cnn: [6, 6, 1],
  lstm: [4, 3],
  batchNormalization: [5],
};

export function buildTinyModel(name: ModelName): tfl.LayersModel {
  const inputShape = [...SAMPLE_SHAPES[name]];
  const kernelInitializer = (seed: number): ReturnType<typeof tfl.initializers.glorotUniform> =>
    tfl.initializers.glorotUniform({ seed });
  const dense = (units: number, seed: number, activation: 'relu' | 'softmax'): tfl.layers.Layer =>
    tfl.layers.dense({ units, activation, kernelInitializer: kernelInitializer(seed) });
  const layers: Record<ModelName, () => tfl.layers.Layer[]> = {
    mlp: () => [dense(8, 1, 'relu'), dense(5, 2, 'relu')],
    cnn: () => [
      tfl.layers.conv2d({ filters: 3, kernelSize: 3, kernelInitializer: kernelInitializer(3) }),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
      tfl.layers.flatten(),
    ],
    lstm: () => [
      tfl.layers.lstm({
        units: 4,
        kernelInitializer: kernelInitializer(4),
        recurrentInitializer: kernelInitializer(5),
      }),
    ],
    batchNormalization: () => [dense(4, 6, 'relu'), tfl.layers.batchNormalization()],
  };
  const model = tfl.sequential();
  model.add(tfl.layers.inputLayer({ inputShape }));
  for (const layer of [...layers[name](), dense(CLASSES, 7, 'softmax')]) model.add(layer);
  return model;
}

export function crossEntropy(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor {
  const chosen = tf.mul(tf.oneHot(yTrue as tf.Tensor1D, CLASSES), tf.log(yPred));
  return tf.neg(tf.sum(chosen, -1));
}

export const accuracy = {
  name: 'accuracy',
  size: 1,
  update: (yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor =>
    tf.reshape(tf.sum(tf.cast(tf.equal(tf.argMax(yPred, -1), yTrue), 'float32')), [1]),
};

export function tinyStep(
  model: tfl.LayersModel,
  options: Partial<EagerStepOptions> = {},
): TrainingStep {
  return createEagerStep({
    model,
    loss: crossEntropy,
    metrics: [accuracy],
    optimizer: { name: 'adam', learningRate: 0.01 },
    bucketBytes: 64,
    ...options,
  });
}

export function tinyBatch(name: ModelName, count: number, seed: number): StepBatch {
  const next = uniform(seed);
  const size = SAMPLE_SHAPES[name].reduce((a, b) => a * b, 1);
  const x = Float32Array.from({ length: count * size }, next);
  const y = Int32Array.from({ length: count }, () => Math.floor(((next() + 1) / 2) * CLASSES));
  return { x, y, count };
}

/** Rank r's balanced part of a batch; empty where ranks are more than samples. */
export function sliceOf(batch: StepBatch, rank: number, worldSize: number): StepBatch {
  const bound = (r: number): number => Math.floor((batch.count * r) / worldSize);
  const [start, end] = [bound(rank), bound(rank + 1)];
  const size = batch.x.length / batch.count;
  return {
    x: batch.x.slice(start * size, end * size),
    y: batch.y.slice(start, end),
    count: end - start,
  };
}

/** Leaves in the arena what an all-reduce over `worldSize` ranks would. */
export function reducedGradients(
  step: TrainingStep,
  batch: StepBatch,
  options: { readonly worldSize: number; readonly step: number },
): Float32Array {
  const reduced = new Float32Array(step.layout.state.offset);
  for (let rank = 0; rank < options.worldSize; rank++) {
    const part = sliceOf(batch, rank, options.worldSize);
    step.gradients(
      part,
      { globalCount: batch.count, step: options.step, randomKey: 1 },
      () => undefined,
    );
    for (let i = 0; i < reduced.length; i++) reduced[i]! += step.arena[i]!;
  }
  step.arena.set(reduced);
  return reduced;
}

/** Greatest difference, relative to the greatest value of the reference. */
export function relativeDifference(
  actual: ArrayLike<number>,
  reference: ArrayLike<number>,
): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < reference.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - reference[i]!));
    scale = Math.max(scale, Math.abs(reference[i]!));
  }
  return scale === 0 ? difference : difference / scale;
}

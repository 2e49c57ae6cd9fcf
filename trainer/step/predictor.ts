/**
 * Inference for evaluation and serving: dropout off, BatchNormalization with its moving statistics,
 * nothing recorded on the tape, no tensor left behind. Works beside a training step on the same
 * model: it computes with the weights that the step has reached.
 */
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { applyWithLogits } from '../model/apply-with-logits.ts';
import type { SampleLosses, StepBatch, StepMetric } from './training-step.ts';

/** What to measure besides the predictions. */
export interface Figures {
  readonly loss?: SampleLosses;
  readonly metrics: readonly StepMetric[];
}

export interface Measured {
  /** Predictions [count, ...output shape], row-major; owned by the caller. */
  readonly values: Float32Array;
  readonly shape: readonly number[];
  /** Sum of the samples' losses, without penalties; 0 where no loss was asked for. */
  readonly lossSum: number;
  readonly count: number;
  /** Sums over samples, by metric. */
  readonly metricSums: Readonly<Record<string, readonly number[]>>;
}

export interface Predictor {
  /** Predictions of a batch of at least one sample, with its loss and metrics as sums. */
  measure(batch: StepBatch, figures: Figures): Measured;
  dispose(): void;
}

/** Tensors of the caller's scope. */
export interface MeasuredTensors {
  readonly output: tf.Tensor;
  /** The loss, then the metrics one after another, [n]. */
  readonly sums: tf.Tensor;
}

/** The operations of a measurement, whoever runs or records them. */
export function measureTensors(
  model: tfl.LayersModel,
  { x, y }: { readonly x: tf.Tensor; readonly y: tf.Tensor },
  figures: Figures,
): MeasuredTensors {
  return applyWithLogits(model, x, { training: false }, (output, logits) => {
    const loss = figures.loss ? tf.sum(figures.loss(y, output, logits)) : tf.scalar(0);
    const metrics = figures.metrics.map((metric) => metric.update(y, output));
    return { output, sums: tf.concat([loss, ...metrics].map((t) => tf.reshape(t, [-1]))) };
  });
}

/** Gives the sums their names back. */
export function measuredOf(
  { values, shape, count }: Pick<Measured, 'values' | 'shape' | 'count'>,
  sums: Float32Array,
  figures: Figures,
): Measured {
  let position = 1;
  const metricSums = figures.metrics.map(({ name, size }) => {
    position += size;
    return [name, [...sums.subarray(position - size, position)]] as const;
  });
  return {
    values,
    shape,
    count,
    lossSum: sums[0] ?? NaN,
    metricSums: Object.fromEntries(metricSums),
  };
}

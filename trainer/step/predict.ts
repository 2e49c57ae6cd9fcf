/**
 * Inference for evaluation: dropout off, BatchNormalization with its moving statistics, nothing
 * recorded, no tensor left behind. Works with a training step on the same model: outside of
 * `gradients` its hooks pass reads through.
 */
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { applyWithLogits } from '../model/apply-with-logits.ts';
import { batchTensors } from './batch-tensors.ts';
import type { SampleLosses, StepBatch, StepMetric } from './training-step.ts';

export interface Prediction {
  /** [count, ...output shape], row-major; owned by the caller. */
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

export interface Measured extends Prediction {
  /** Sum of the samples' losses, without penalties. */
  readonly lossSum: number;
  readonly count: number;
  /** Sums over samples, by metric. */
  readonly metricSums: Readonly<Record<string, readonly number[]>>;
}

export function predict(model: tfl.LayersModel, batch: StepBatch): Prediction {
  return measure(model, batch, { metrics: [] });
}

/** Predictions of a batch of at least one sample, with its loss and metrics as sums. */
export function measure(
  model: tfl.LayersModel,
  batch: StepBatch,
  figures: { readonly loss?: SampleLosses; readonly metrics: readonly StepMetric[] },
): Measured {
  return tf.tidy(() => {
    const { x, y } = batchTensors(model, batch);
    return applyWithLogits(model, x, { training: false }, (output, logits) => ({
      values: output.dataSync<'float32'>().slice(),
      shape: output.shape,
      lossSum: figures.loss ? (tf.sum(figures.loss(y, output, logits)).dataSync()[0] ?? NaN) : 0,
      count: batch.count,
      metricSums: Object.fromEntries(
        figures.metrics.map((metric) => [metric.name, [...metric.update(y, output).dataSync()]]),
      ),
    }));
  });
}

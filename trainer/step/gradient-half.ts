/**
 * The first half of an eager step: forward and backward pass of this rank's samples, gradients
 * written to their buckets as they get ready, sums last. Reads the model, changes nothing but the
 * arena, leaves no tensor behind.
 *
 * BatchNormalization normalises with the statistics of this call's samples, so with P workers each
 * sees batchSize / P of them: the one difference to a single worker that remains. Calling this half
 * for a fixed number of sub-batches with `accumulate` (virtual ranks) makes it independent of P.
 */
import * as tf from '@tensorflow/tfjs-core';
import { applyWithLogits } from '../model/apply-with-logits.ts';
import { batchTensors } from './batch-tensors.ts';
import type { StepContext } from './step-context.ts';
import type { GradientsOptions, SampleLosses, StepBatch, StepMetric } from './training-step.ts';
import { hookVariables } from './variable-hooks.ts';

export interface GradientHalf {
  run(batch: StepBatch, options: GradientsOptions, onBucket: (bucket: number) => void): void;
  dispose(): void;
}

export function createGradientHalf(
  context: StepContext,
  objective: {
    readonly loss: SampleLosses;
    readonly penalties: readonly (() => tf.Tensor)[];
    readonly metrics: readonly StepMetric[];
  },
): GradientHalf {
  const { model, draws, arena, buckets, statistics, sums } = context;
  const places = buckets.flatMap(({ members }) => members);
  const hooks = hookVariables(
    places.map(({ variable }) => variable),
    statistics,
  );

  /** Loss plus penalties, summed over the samples. */
  const withPenalties = (losses: tf.Tensor, count: number): tf.Scalar => {
    const [first, ...others] = objective.penalties.map((penalty) => penalty());
    if (first === undefined) return losses as tf.Scalar;
    const penalty = others.reduce((sum, term) => tf.add(sum, term), first);
    return tf.add(losses, tf.mul(penalty, count));
  };

  const runSamples = (batch: StepBatch, options: GradientsOptions, ready: BucketProgress): void => {
    draws.startPass(options.randomKey);
    const { x, y } = batchTensors(model, batch);
    const variables = places.map(({ variable }) => variable.read());
    const weight = 1 / options.globalCount;
    hooks.record(
      (index, gradient) => ready.write(index, gradient.dataSync<'float32'>()),
      () => {
        let prediction: tf.Tensor | undefined;
        const forward = (): tf.Scalar =>
          applyWithLogits(model, x, { training: true }, (output, logits) => {
            prediction = tf.keep(output);
            return withPenalties(tf.sum(objective.loss(y, output, logits)), batch.count);
          });
        try {
          const { value } = tf.engine().gradients(forward, variables, tf.scalar(weight), true);
          ready.finish();
          sums.addLoss(value.dataSync()[0] ?? NaN, batch.count);
          objective.metrics.forEach((metric, index) => {
            if (prediction) sums.addMetric(index, metric.update(y, prediction).dataSync());
          });
        } finally {
          prediction?.dispose();
        }
        const share = batch.count / options.globalCount;
        hooks.written().forEach((written, index) => {
          const value = written ?? statistics[index]?.read();
          sums.addStatistic(index, value?.dataSync() ?? [], share);
        });
      },
    );
  };

  return {
    run: (batch, options, onBucket) => {
      if (options.accumulate !== true) sums.clear();
      const ready = trackBuckets(options.accumulate === true, onBucket);
      if (batch.count > 0) tf.tidy(() => runSamples(batch, options, ready));
      else ready.finish();
      if (options.worker) sums.setWorker(options.worker.rank, options.worker.row);
      onBucket(buckets.length);
    },
    dispose: () => hooks.remove(),
  };

  function trackBuckets(isAdding: boolean, onBucket: (bucket: number) => void): BucketProgress {
    const missing = buckets.map(({ members }) => members.length);
    const isWritten = places.map(() => false);
    const done = (index: number, bucket: number): void => {
      isWritten[index] = true;
      missing[bucket]! -= 1;
      if (missing[bucket] === 0) onBucket(bucket);
    };
    return {
      write: (index, values) => {
        const place = places[index]!;
        if (isAdding) addTo(arena, place.offset, values);
        else arena.set(values, place.offset);
        done(index, place.bucket);
      },
      finish: () => {
        places.forEach(({ offset, length, bucket }, index) => {
          if (isWritten[index]) return;
          if (!isAdding) arena.fill(0, offset, offset + length);
          done(index, bucket);
        });
      },
    };
  }
}

interface BucketProgress {
  write(index: number, values: Float32Array): void;
  /** Zeros for the variables that got no gradient. */
  finish(): void;
}

function addTo(target: Float32Array, offset: number, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) target[offset + i]! += values[i]!;
}

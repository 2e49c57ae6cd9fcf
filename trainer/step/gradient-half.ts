/**
 * The first half of an eager step: forward and backward pass of this rank's samples, gradients
 * written to their buckets as they get ready, sums last. Reads the model, changes nothing but the
 * arena, leaves no tensor behind.
 *
 * Calling this half for a fixed number of sub-batches with `accumulate` (virtual ranks) makes
 * BatchNormalization independent of the number of workers.
 */
import * as tf from '@tensorflow/tfjs-core';
import { batchTensors } from './batch-tensors.ts';
import { peekValues } from './peek-values.ts';
import type { StepContext } from './step-context.ts';
import type { TrainingPass } from './training-pass.ts';
import type { GradientsOptions, StepBatch } from './training-step.ts';

/** The contract of `TrainingStep.gradients`. */
export type GradientHalf = (
  batch: StepBatch,
  options: GradientsOptions,
  onBucket: (bucket: number) => void,
) => void;

export function createGradientHalf(context: StepContext, pass: TrainingPass): GradientHalf {
  const { model, draws, arena, buckets, sums } = context;
  const places = buckets.flatMap(({ members }) => members);

  const runSamples = (batch: StepBatch, options: GradientsOptions, ready: BucketProgress): void => {
    draws.startPass(options.randomKey);
    const { x, y } = batchTensors(model, batch);
    const inputs = { x, y, count: batch.count, weight: tf.scalar(1 / options.globalCount) };
    pass.run(
      inputs,
      (index, gradient) => ready.write(index, peekValues(gradient)),
      ({ loss, metrics, statistics }) => {
        ready.finish();
        const tensors = [loss, ...metrics, ...statistics];
        const values = tensors.flatMap((tensor) => [...tensor.dataSync<'float32'>()]);
        sums.addPass(values, batch.count, options.globalCount);
      },
    );
  };

  return (batch, options, onBucket) => {
    if (options.accumulate !== true) sums.clear();
    const ready = trackBuckets(options.accumulate === true, onBucket);
    if (batch.count > 0) tf.tidy(() => runSamples(batch, options, ready));
    else ready.finish();
    if (options.worker) sums.setWorker(options.worker.rank, options.worker.row);
    onBucket(buckets.length);
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

/** target[offset + i] += values[i] */
export function addTo(target: Float32Array, offset: number, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) target[offset + i]! += values[i]!;
}

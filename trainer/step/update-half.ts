/**
 * The second half of an eager step: reduced buckets in, new weights, slots and moving statistics
 * out. Decides on the reduced values only, which are the same on all ranks to the bit, so that all
 * ranks stay equal, and fail alike.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { LayerVariable } from './model-layers.ts';
import type { GradientBucket, StepContext } from './step-context.ts';
import { hasUpdateKernel, runUpdateKernel } from './update-kernel.ts';

export interface UpdateOptions {
  readonly learningRate: number;
  /** Updates done before this one, for errors. */
  readonly step: number;
  /** This update, counted from 1: the optimizer's iteration. */
  readonly t: number;
  /** Greatest global norm; undefined: no clipping. */
  readonly clipNorm: number | undefined;
}

/** @returns the global norm of the gradient before clipping. */
export function applyUpdate(context: StepContext, options: UpdateOptions): number {
  const norm = globalNorm(context.arena, context.buckets);
  assertFinite(context.sums.read().loss, norm, options.step);
  const { rule, buckets } = context;
  const numbers: Numbers = {
    scalars: rule.scalars(options.learningRate, options.t),
    // Fed whenever clipping is on, not only where it bites: the operations stay the same.
    clip: options.clipNorm && options.clipNorm / Math.max(norm, options.clipNorm),
    decay: rule.weightDecay ? 1 - options.learningRate * rule.weightDecay : undefined,
  };
  tf.tidy(() => {
    if (hasUpdateKernel()) {
      for (const bucket of buckets) updateInOnePass(context, bucket, numbers);
    } else {
      const factors = tensorsOf(numbers);
      for (const bucket of buckets) updateBucket(context, bucket, factors);
    }
  });
  context.statistics.forEach((variable, index) => {
    assignValue(variable, context.sums.statistic(index));
  });
  return norm;
}

/** Sets a variable to values that it then owns; leaves out its constraint: the bits stay. */
export function assignValue(variable: LayerVariable, values: Float32Array): void {
  tf.tidy(() => {
    const value = variable.read() as tf.Variable;
    value.assign(tf.tensor(values, value.shape, 'float32'));
  });
}

interface Numbers {
  readonly scalars: readonly number[];
  readonly clip: number | undefined;
  readonly decay: number | undefined;
}

/** The same numbers as tensors. */
interface Factors {
  readonly scalars: readonly tf.Tensor[];
  readonly clip: tf.Tensor | undefined;
  readonly decay: tf.Tensor | undefined;
}

function tensorsOf({ scalars, clip, decay }: Numbers): Factors {
  return {
    scalars: scalars.map((value) => tf.scalar(value)),
    clip: clip === undefined ? undefined : tf.scalar(clip),
    decay: decay === undefined ? undefined : tf.scalar(decay),
  };
}

function updateInOnePass(context: StepContext, bucket: GradientBucket, numbers: Numbers): void {
  const { arena, rule, slots } = context;
  const { scalars, clip = 1, decay = 1 } = numbers;
  const [slot0, slot1] = slots.of(bucket.index);
  tf.tidy(() => {
    const gradient = tf.tensor1d(arena.subarray(bucket.offset, bucket.offset + bucket.length));
    const flat = { gradient, ...(slot0 && { slot0 }), ...(slot1 && { slot1 }) };
    for (const { variable, start } of bucket.members) {
      const inputs = { weight: variable.read(), ...flat };
      // `write` applies the variable's constraint, as Keras does after an update.
      variable.write(
        runUpdateKernel(inputs, { formula: rule.formula, scalars, clip, decay, start }),
      );
    }
  });
}

function updateBucket(context: StepContext, bucket: GradientBucket, factors: Factors): void {
  const { arena, rule, slots } = context;
  const { members } = bucket;
  const next = tf.tidy(() => {
    const reduced = tf.tensor1d(arena.subarray(bucket.offset, bucket.offset + bucket.length));
    const gradient = factors.clip ? tf.mul(reduced, factors.clip) : reduced;
    const result = rule.update(gradient, slots.of(bucket.index), factors.scalars);
    const parts =
      members.length === 1
        ? [result.update]
        : tf.split(
            result.update,
            members.map(({ length }) => length),
          );
    members.forEach(({ variable, shape }, index) => {
      const part = parts[index]!;
      const update = shape.length === 1 ? part : tf.reshape(part, [...shape]);
      const value = variable.read();
      // `write` applies the variable's constraint, as Keras does after an update.
      variable.write(tf.add(factors.decay ? tf.mul(value, factors.decay) : value, update));
    });
    return [...result.slots];
  });
  slots.replace(bucket.index, next);
}

/** Euclidean norm over all gradients, accumulated in float64. */
export function globalNorm(arena: Float32Array, buckets: readonly GradientBucket[]): number {
  let sum = 0;
  for (const { offset, length } of buckets) {
    for (let i = offset; i < offset + length; i++) sum += arena[i]! * arena[i]!;
  }
  return Math.sqrt(sum);
}

/** @throws Failure NumericError */
export function assertFinite(loss: number, norm: number, step: number): void {
  if (Number.isFinite(loss) && Number.isFinite(norm)) return;
  const what = Number.isFinite(loss)
    ? `The norm of the gradient is ${norm}`
    : `The loss is ${loss}`;
  throw new Failure(
    'NumericError',
    `${what} at step ${step}, so training cannot go on; lower training.optimizer.learningRate, ` +
      'set training.clipping.globalNorm, or standardize the features (dataset.features.standardize).',
  );
}

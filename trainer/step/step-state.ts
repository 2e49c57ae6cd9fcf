/**
 * Everything that a continuation needs to be the same to the bit: weights, non-trainable weights,
 * optimizer slots, iteration, as named arrays in a fixed order. Names are for people; arrays are
 * matched by position and shape, because automatic layer names differ from process to process.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { elementsOf, type NamedArray } from '../named-array.ts';
import { valuesOf, type LayerVariable } from './model-layers.ts';
import type { NamedShape } from './plan-buckets.ts';
import type { GradientBucket, StepParts } from './step-context.ts';
import { assignValue } from './update-half.ts';

/** The iteration is stored as two floats, n = high · 2²⁴ + low: float32 counts no further. */
const ITERATION_BASE = 2 ** 24;

export interface StepState {
  /** Names and shapes of `read`, known before the first step. */
  readonly shapes: readonly NamedShape[];
  read(iteration: number): NamedArray[];
  /** @returns the iteration. @throws Failure CheckpointError where a shape does not fit. */
  write(state: readonly NamedArray[]): number;
}

export function createStepState(parts: StepParts): StepState {
  const { model, slots, buckets } = parts;
  const weights = [...new Set(model.weights as LayerVariable[])];
  const names = uniqueNames(weights.map(({ originalName }) => originalName));
  const nameOf = new Map(weights.map((weight, index) => [weight, names[index] ?? '']));
  const places = buckets.flatMap(({ members }) => members).sort((a, b) => a.order - b.order);

  const shapes: NamedShape[] = [
    ...weights.map((weight) => ({
      name: nameOf.get(weight) ?? '',
      shape: weight.shape as number[],
    })),
    ...slots.names.flatMap((slot) =>
      places.map(({ variable, shape }) => ({
        name: `optimizer/${slot}/${nameOf.get(variable) ?? ''}`,
        shape,
      })),
    ),
    { name: 'optimizer/iteration', shape: [2] },
  ];

  return {
    shapes,
    read: (iteration) => {
      const slotValues = buckets.map(({ index }) =>
        slots.of(index).map((slot) => slot.dataSync<'float32'>()),
      );
      const data = [
        ...weights.map(valuesOf),
        ...slots.names.flatMap((_, slot) =>
          places.map(({ bucket, start, length }) => {
            const values = slotValues[bucket]?.[slot] ?? new Float32Array(length);
            return values.slice(start, start + length);
          }),
        ),
        Float32Array.of(Math.floor(iteration / ITERATION_BASE), iteration % ITERATION_BASE),
      ];
      return shapes.map(({ name, shape }, index) => ({ name, shape, data: data[index]! }));
    },
    write: (state) => {
      assertFits(state, shapes);
      const data = state.map((array) => array.data);
      weights.forEach((weight, index) => assignValue(weight, data[index]!.slice()));
      for (const bucket of buckets) writeSlots(bucket, data);
      const [high = 0, low = 0] = data.at(-1) ?? [];
      return high * ITERATION_BASE + low;
    },
  };

  function writeSlots(bucket: GradientBucket, data: readonly Float32Array[]): void {
    const flat = slots.names.map((_, slot) => {
      const values = new Float32Array(bucket.length);
      for (const { order, start } of bucket.members) {
        values.set(data[weights.length + slot * places.length + order]!, start);
      }
      return values;
    });
    slots.replace(
      bucket.index,
      flat.map((values) => tf.tensor1d(values)),
    );
  }
}

/** All arrays one after another. */
export function flattenState(state: readonly NamedArray[], target: Float32Array): void {
  let offset = 0;
  for (const { data } of state) {
    target.set(data, offset);
    offset += data.length;
  }
}

export function unflattenState(
  shapes: readonly NamedShape[],
  source: Float32Array,
): readonly NamedArray[] {
  let offset = 0;
  return shapes.map(({ name, shape }) => {
    const length = elementsOf(shape);
    offset += length;
    return { name, shape, data: source.slice(offset - length, offset) };
  });
}

function assertFits(state: readonly NamedArray[], shapes: readonly NamedShape[]): void {
  if (state.length !== shapes.length) {
    throw new Failure(
      'CheckpointError',
      `The state has ${state.length} tensors where model and optimizer have ${shapes.length}; ` +
        'it was saved with another network structure or optimizer.',
    );
  }
  shapes.forEach(({ name, shape }, index) => {
    const found = state[index]!;
    if (found.shape.join() === shape.join() && found.data.length === elementsOf(shape)) return;
    throw new Failure(
      'CheckpointError',
      `Tensor ${name} has shape [${shape.join(', ')}], but the state has ${found.name} of shape ` +
        `[${found.shape.join(', ')}] in its place; it was saved with another network structure or optimizer.`,
    );
  });
}

/** Wrapped and shared layers can repeat a name. */
function uniqueNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  });
}

/**
 * The model's weights and the optimizer's slots as variables of a program, and the way between them
 * and the model, in both directions.
 */
import * as tf from '@tensorflow/tfjs-core';
import { valuesOf, type LayerVariable } from '../model-layers.ts';
import type { StepContext } from '../step-context.ts';
import { assignValue } from '../update-half.ts';
import type { Program, Variable } from './program.ts';

export interface SessionState {
  /** All weights of the model, trainable or not. */
  readonly weights: ReadonlyMap<LayerVariable, Variable>;
  /** By place, then slot. */
  readonly slots: readonly (readonly Variable[])[];
  /** Gradients by place, where they stay in the session. */
  readonly kept: readonly Variable[] | undefined;
  /** Says that the session has gone on and the model's own variables are behind. */
  moveAhead(): void;
  /** Session to model, where the model is behind. */
  pull(): void;
  /** Model to session, after the model was given other values. */
  push(): void;
  /** Kept gradients to where the operations look for them. */
  gradientsTo(arena: Float32Array): void;
  /** Weights, then slots by place, as they are in the session. */
  readSession(): Float32Array[];
  /** The same of the model. */
  readModel(): Float32Array[];
}

export function createSessionState(
  program: Program,
  context: StepContext,
  keepsGradients: boolean,
): SessionState {
  const { model, buckets } = context;
  const places = buckets.flatMap(({ members }) => members);
  const layerVariables = [...new Set(model.weights as LayerVariable[])];
  const weights = new Map(
    layerVariables.map((variable) => [
      variable,
      program.variable(variable.shape as number[], () => valuesOf(variable)),
    ]),
  );
  const slots = places.map((place) =>
    context.slots.names.map((_, slot) =>
      program.variable(place.shape, () => {
        const flat = context.slots.of(place.bucket)[slot]!.dataSync<'float32'>();
        return flat.slice(place.start, place.start + place.length);
      }),
    ),
  );
  const kept = keepsGradients
    ? places.map(({ shape, length }) => program.variable(shape, () => new Float32Array(length)))
    : undefined;
  const all = [...weights.values(), ...slots.flat()];

  let isAhead = false;

  /** The slots of the buckets cut by place. */
  const readSlots = (): Float32Array[] => {
    const flat = buckets.map(({ index }) =>
      context.slots.of(index).map((slot) => slot.dataSync<'float32'>()),
    );
    return places.flatMap(({ bucket, start, length }) =>
      flat[bucket]!.map((values) => values.slice(start, start + length)),
    );
  };

  const readModel = (): Float32Array[] => [...layerVariables.map(valuesOf), ...readSlots()];

  return {
    weights,
    slots,
    kept,
    readSession: () => program.read(all),
    readModel,
    moveAhead: () => {
      isAhead = true;
    },
    pull: () => {
      if (!isAhead) return;
      // First, since to assign a variable is to read it.
      isAhead = false;
      const values = program.read(all);
      layerVariables.forEach((variable, index) => assignValue(variable, values[index]!));
      let next = layerVariables.length;
      for (const { index, length, members } of buckets) {
        const flat = context.slots.names.map(() => new Float32Array(length));
        for (const { start } of members) {
          for (const slot of flat) slot.set(values[next++]!, start);
        }
        context.slots.replace(
          index,
          flat.map((slot) => tf.tensor1d(slot)),
        );
      }
    },
    push: () => {
      isAhead = false;
      // A session that does not run yet begins with what the model holds by then.
      if (!program.isRunning) return;
      const values = readModel();
      program.assign(new Map(all.map((variable, index) => [variable, values[index]!])));
    },
    gradientsTo: (arena) => {
      program.read(kept ?? []).forEach((values, index) => arena.set(values, places[index]!.offset));
    },
  };
}

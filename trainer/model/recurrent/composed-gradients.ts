/**
 * The backward pass through time for composed-sequence.ts. A time step hands back only what the one
 * before it needs; gradients of weights and inputs are large products beside that chain.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { CellKind, ComposedCell, State } from './composed-cell.ts';
import { inverseOrder, reorderGates } from './gate-order.ts';
import type { SequenceInputs } from './sequence.ts';
import { cutSequence } from './time-steps.ts';
import { createProductSum, joinRows, type ProductSum } from './weight-gradient.ts';

interface Backward {
  /** [T, B, U], or [B, U] of the last step. */
  readonly dy: tf.Tensor;
  /** By part, time step and what the cell saved. */
  readonly saved: readonly (readonly (readonly tf.Tensor[])[])[];
  readonly weights: Omit<SequenceInputs, 'x'>;
  readonly cell: ComposedCell;
}

/** By part, group of gates and time step: the loss by the group's products. */
type GateGradients = tf.Tensor[][][];

export function sequenceGradients(
  kind: CellKind,
  { dy, saved, weights, cell }: Backward,
): Record<string, () => tf.Tensor> {
  const sums = cell.groups.map(() => createProductSum());
  const hidden = cutHiddenGradient(dy, saved);
  const gates: GateGradients = saved.map((steps, part) =>
    runBackward(cell, steps, { hidden: hidden[part]!, states: kind.states, sums }),
  );
  const { kernel, recurrentKernel, bias } = weights;
  const [features, units] = [kernel.shape[0]!, recurrentKernel.shape[0]!];
  const back = inverseOrder(kind.gateOrder);
  const stacked = reorderGates(
    tf.concat(
      sums.map((sum) => sum.total()),
      1,
    ),
    back,
  );
  const rows = (from: number, count: number): tf.Tensor =>
    tf.slice(stacked, [from, 0], [count, stacked.shape[1]!]);
  return {
    x: () => inputGradient(gates, reorderGates(kernel, kind.gateOrder), cell.groups),
    kernel: () => rows(0, features),
    recurrentKernel: () => rows(features + (bias ? 1 : 0), units),
    ...(bias ? { bias: () => tf.reshape(rows(features, 1), bias.shape) } : {}),
  };
}

/** By part and time step; undefined where only the last step's hidden state went on. */
function cutHiddenGradient(
  dy: tf.Tensor,
  saved: Backward['saved'],
): readonly (readonly (tf.Tensor | undefined)[])[] {
  const parts = saved.length;
  if (dy.rank === 3) return cutSequence(dy, parts);
  const last = tf.split(dy as tf.Tensor, parts, 0);
  return saved.map((steps, part) =>
    steps.map((_, t) => (t === steps.length - 1 ? last[part] : undefined)),
  );
}

function runBackward(
  cell: ComposedCell,
  steps: readonly (readonly tf.Tensor[])[],
  context: {
    readonly hidden: readonly (tf.Tensor | undefined)[];
    readonly states: number;
    readonly sums: readonly ProductSum[];
  },
): tf.Tensor[][] {
  const { hidden, states, sums } = context;
  const gradients: tf.Tensor[][] = sums.map(() => []);
  const zero = tf.zerosLike(hidden.at(-1)!);
  let dState: State = [hidden.at(-1)!, ...Array.from({ length: states - 1 }, () => zero)];
  for (let t = steps.length - 1; t >= 0; t--) {
    const { dState: before, products } = cell.backward(steps[t]!, dState);
    products.forEach(({ a, d }, group) => {
      sums[group]!.add(a, d);
      gradients[group]!.unshift(d);
    });
    const own = t > 0 ? hidden[t - 1] : undefined;
    dState = own ? [tf.add(before[0]!, own), ...before.slice(1)] : before;
  }
  return gradients;
}

/** [T, B, D]. @param kernel [D, G] in the order of the groups. */
function inputGradient(
  gates: GateGradients,
  kernel: tf.Tensor,
  groups: readonly number[],
): tf.Tensor {
  const kernels = tf.split(kernel, [...groups], 1);
  const parts = gates.map((byGroup) => {
    const time = byGroup[0]!.length;
    const shares = byGroup.map((steps, group) =>
      tf.matMul(joinRows(steps), kernels[group]!, false, true),
    );
    const sum = shares.length === 1 ? shares[0]! : tf.addN(shares);
    return tf.reshape(sum, [time, -1, kernel.shape[0]!]);
  });
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 1);
}

/**
 * A cell of a recurrent layer in plain operations, as composed-sequence.ts drives it through time.
 * A cell stacks [x, 1, h] so that input, bias and recurrent weights are one product, forward and
 * backward; it leaves the gradients of its weights to products of what it hands back.
 */
import type * as tf from '@tensorflow/tfjs-core';

/** [h] or [h, cell], each [rows, U]. */
export type State = readonly tf.Tensor[];

/** A share of the weights' gradient: aᵀ · d, with a = [x, 1, h] and d by what a is multiplied to. */
export interface GateProduct {
  readonly a: tf.Tensor;
  readonly d: tf.Tensor;
}

export interface ComposedCell {
  /** Widths of the gate groups, in the order of their products; they add up to G. */
  readonly groups: readonly number[];
  /**
   * @param x [rows, D + 1], with ones in the last column; [rows, D] without a bias.
   * @returns the next state, and what `backward` takes of this step.
   */
  forward(x: tf.Tensor, state: State): { readonly state: State; readonly saved: tf.Tensor[] };
  /**
   * @param saved of the same step.
   * @param dState the loss by the state after the step.
   * @returns the loss by the state before it, and the products, one for each group.
   */
  backward(
    saved: readonly tf.Tensor[],
    dState: State,
  ): { readonly dState: State; readonly products: readonly GateProduct[] };
}

export interface CellWeights {
  /** [D (+ 1) + U, G]: kernel, a row of zeros where there is a bias, recurrent kernel. */
  readonly stacked: tf.Tensor;
  /** [U, G]. */
  readonly recurrentKernel: tf.Tensor;
  /** [G]. */
  readonly bias: tf.Tensor | undefined;
  readonly units: number;
}

export interface CellKind {
  readonly states: 1 | 2;
  /** How many tensors `forward` saves. */
  readonly savedTensors: number;
  /**
   * The order of the gates within the cell, of blocks of U columns, as indices into Keras's order.
   * Weights arrive in it, and products leave in it.
   */
  readonly gateOrder: readonly number[];
  create(weights: CellWeights): ComposedCell;
}

/**
 * The elementwise half of an LSTM's backward step: everything but the product with the recurrent
 * kernel. One operation where the backend registers it, else some fifteen.
 */
import * as tf from '@tensorflow/tfjs-core';
import { sigmoidGradient, tanhGradient } from './gate-gradients.ts';
import { hasSequenceKernel } from './sequence-kernels.ts';

export interface LstmCellStep {
  /** The activated gates, each [rows, U]. */
  readonly i: tf.Tensor;
  readonly c: tf.Tensor;
  readonly f: tf.Tensor;
  readonly o: tf.Tensor;
  /** The cell before and after the step, and tanh of the latter, each [rows, U]. */
  readonly before: tf.Tensor;
  readonly cell: tf.Tensor;
  readonly tanhCell: tf.Tensor;
  /** [U, 4U]; read for its shape alone. */
  readonly recurrentKernel: tf.Tensor;
}

/** Inputs: those of LstmCellStep, `dHidden` and `dCell`; outputs: dGates and dBefore. */
export const lstmCellGradientKernel = 'LstmCellGradient';

/**
 * @param dHidden the loss by the hidden state after the step, [rows, U].
 * @param dCell the loss by the cell after the step, but for its way through the hidden state.
 * @returns dGates [rows, 4U] in the order i, c, f, o, before activation; dBefore [rows, U].
 */
export function lstmCellGradient(
  step: LstmCellStep,
  dHidden: tf.Tensor,
  dCell: tf.Tensor,
): { readonly dGates: tf.Tensor; readonly dBefore: tf.Tensor } {
  const [dGates, dBefore] = hasSequenceKernel(lstmCellGradientKernel)
    ? runKernel({ ...step, dHidden, dCell })
    : compose(step, dHidden, dCell);
  return { dGates: dGates!, dBefore: dBefore! };
}

function runKernel(inputs: tf.NamedTensorMap): tf.Tensor[] {
  return tf.engine().runKernel(lstmCellGradientKernel, inputs);
}

function compose(step: LstmCellStep, dHidden: tf.Tensor, dCell: tf.Tensor): tf.Tensor[] {
  const { i, c, f, o, before, tanhCell } = step;
  const total = tf.add(dCell, tanhGradient(tanhCell, tf.mul(dHidden, o)));
  const gates = [
    sigmoidGradient(i, tf.mul(total, c)),
    tanhGradient(c, tf.mul(total, i)),
    sigmoidGradient(f, tf.mul(total, before)),
    sigmoidGradient(o, tf.mul(dHidden, tanhCell)),
  ] as tf.Tensor[];
  return [tf.concat(gates, 1), tf.mul(total, f)];
}

/**
 * The elementwise half of a recurrent layer's backward step as TensorFlow's single operations. The
 * cell gradient of an LSTM is LSTMBlockCellGrad, which computes all gates in one call and writes
 * them side by side, ready for the products with the weights.
 */
import * as tf from '@tensorflow/tfjs-core';
import { sigmoidGradientKernel, tanhGradientKernel } from '../../model/recurrent/gate-gradients.ts';
import {
  lstmCellGradientKernel,
  type LstmCellStep,
} from '../../model/recurrent/lstm-cell-gradient.ts';
import { nativeOp, nativeOps } from './native-op.ts';
import { defineKernel, type TensorflowKernel } from './tensorflow-kernel.ts';

interface Activated {
  readonly y: tf.Tensor;
  readonly dy: tf.Tensor;
}

interface LstmCellInputs extends LstmCellStep {
  readonly dHidden: tf.Tensor;
  readonly dCell: tf.Tensor;
}

/** Gradients by the cell before, by the gates, and by three peephole weights that are not used. */
const cellGradientOutputs = 5;

function lstmCellGradient(inputs: LstmCellInputs): tf.Tensor[] {
  const { i, c, f, o, before, cell, tanhCell, recurrentKernel, dHidden, dCell } = inputs;
  const [rows, units] = i.shape as [number, number];
  return tf.tidy(() => {
    // The operation checks shapes of what only its forward pass reads: an input without features,
    // hidden states (any of that shape), weights, and the bias and peepholes, which are zero.
    const x = tf.zeros([rows, 0]);
    const peephole = tf.zeros([units]);
    const bias = tf.zeros([4 * units]);
    const forward = [x, before, o, recurrentKernel, peephole, peephole, peephole, bias];
    const [dBefore, dGates] = nativeOps(
      'LSTMBlockCellGrad',
      [...forward, i, cell, f, o, c, tanhCell, dCell, dHidden],
      { T: { dtype: 'float32' }, use_peephole: { bool: false } },
      cellGradientOutputs,
    );
    return [dGates!, dBefore!];
  });
}

export const recurrentGates: readonly TensorflowKernel[] = [
  defineKernel<LstmCellInputs>(lstmCellGradientKernel, lstmCellGradient),
  defineKernel<Activated>(sigmoidGradientKernel, ({ y, dy }) => nativeOp('SigmoidGrad', [y, dy])),
  defineKernel<Activated>(tanhGradientKernel, ({ y, dy }) => nativeOp('TanhGrad', [y, dy])),
];

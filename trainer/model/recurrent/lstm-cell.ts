/**
 * The cell of an LSTM in plain operations; formulas in sequence-kernels.ts. Each gate is a product
 * with its own columns, a bias and an activation: TensorFlow fuses the three to one operation, whose
 * result needs no cutting. Gates are ordered i, c, f, o, as in TensorFlow's cell gradient.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { CellKind, State } from './composed-cell.ts';
import { activatedProduct } from './activated-product.ts';
import { lstmCellGradient } from './lstm-cell-gradient.ts';

export const lstmCell: CellKind = {
  states: 2,
  savedTensors: 8,
  gateOrder: [0, 2, 1, 3],
  create: ({ stacked, recurrentKernel, bias, units }) => {
    const kernels = tf.split(stacked, 4, 1);
    const biases = bias && tf.split(bias, 4);
    const gate = (input: tf.Tensor, index: number): tf.Tensor =>
      activatedProduct(
        input,
        { kernel: kernels[index]!, bias: biases?.[index] },
        index === 1 ? tf.tanh : tf.sigmoid,
      );
    return {
      groups: [4 * units],
      forward: (x, [hidden, before]: State) => {
        const input = tf.concat([x, hidden!], 1);
        const [i, c, f, o] = [gate(input, 0), gate(input, 1), gate(input, 2), gate(input, 3)];
        const cell = tf.add(tf.mul(f, before!), tf.mul(i, c));
        const tanhCell = tf.tanh(cell);
        return {
          state: [tf.mul(o, tanhCell), cell],
          saved: [input, i, c, f, o, before!, cell, tanhCell],
        };
      },
      backward: (saved, [dHidden, dCell]: State) => {
        const [input, i, c, f, o, before, cell, tanhCell] = saved as Saved;
        const step = { i, c, f, o, before, cell, tanhCell, recurrentKernel };
        const { dGates, dBefore } = lstmCellGradient(step, dHidden!, dCell!);
        return {
          dState: [tf.matMul(dGates, recurrentKernel, false, true), dBefore],
          products: [{ a: input, d: dGates }],
        };
      },
    };
  },
};

type T = tf.Tensor;
type Saved = readonly [input: T, i: T, c: T, f: T, o: T, before: T, cell: T, tanhCell: T];

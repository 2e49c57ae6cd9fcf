/**
 * The cell of a GRU whose reset gate acts before the recurrent product (`reset_after` false), in
 * plain operations; formulas in sequence-kernels.ts. The candidate's product takes [x, 1, r * h].
 */
import * as tf from '@tensorflow/tfjs-core';
import { activatedProduct } from './activated-product.ts';
import type { CellKind, State } from './composed-cell.ts';
import { sigmoidGradient, tanhGradient } from './gate-gradients.ts';

export const gruCell: CellKind = {
  states: 1,
  savedTensors: 7,
  gateOrder: [0, 1, 2],
  create: ({ stacked, recurrentKernel, bias, units }) => {
    const kernels = tf.split(stacked, 3, 1);
    const biases = bias && tf.split(bias, 3);
    const [gatesKernel, candidateKernel] = tf.split(recurrentKernel, [2 * units, units], 1);
    const gate = (input: tf.Tensor, index: number): tf.Tensor =>
      activatedProduct(
        input,
        { kernel: kernels[index]!, bias: biases?.[index] },
        index === 2 ? tf.tanh : tf.sigmoid,
      );
    return {
      groups: [2 * units, units],
      forward: (x, [hidden]: State) => {
        const input = tf.concat([x, hidden!], 1);
        const [z, r] = [gate(input, 0), gate(input, 1)];
        const inner = tf.concat([x, tf.mul(r, hidden!)], 1);
        const c = gate(inner, 2);
        const difference = tf.sub(hidden!, c);
        return {
          state: [tf.add(c, tf.mul(z, difference))],
          saved: [input, inner, z, r, c, difference, hidden!],
        };
      },
      backward: (saved, [dHidden]: State) => {
        const [input, inner, z, r, c, difference, hidden] = saved as Saved;
        const through = tf.mul(dHidden!, z);
        const dC = tanhGradient(c, tf.sub(dHidden!, through)) as tf.Tensor;
        const dInner = tf.matMul(dC, candidateKernel!, false, true);
        const dGates = tf.concat(
          [
            sigmoidGradient(z, tf.mul(dHidden!, difference)),
            sigmoidGradient(r, tf.mul(dInner, hidden)),
          ],
          1,
        ) as tf.Tensor;
        const before = tf.addN([
          through,
          tf.mul(dInner, r),
          tf.matMul(dGates, gatesKernel!, false, true),
        ]);
        return {
          dState: [before],
          products: [
            { a: input, d: dGates },
            { a: inner, d: dC },
          ],
        };
      },
    };
  },
};

type T = tf.Tensor;
type Saved = readonly [input: T, inner: T, z: T, r: T, c: T, difference: T, hidden: T];

/** The cell of a SimpleRNN in plain operations: h = tanh([x, 1, h before] · weights). */
import * as tf from '@tensorflow/tfjs-core';
import { activatedProduct } from './activated-product.ts';
import type { CellKind, State } from './composed-cell.ts';
import { tanhGradient } from './gate-gradients.ts';

export const simpleCell: CellKind = {
  states: 1,
  savedTensors: 2,
  gateOrder: [0],
  create: ({ stacked, recurrentKernel, bias, units }) => ({
    groups: [units],
    forward: (x, [before]: State) => {
      const input = tf.concat([x, before!], 1);
      const hidden = activatedProduct(input, { kernel: stacked, bias }, tf.tanh);
      return { state: [hidden], saved: [input, hidden] };
    },
    backward: (saved, [dHidden]: State) => {
      const [input, hidden] = saved as readonly [tf.Tensor, tf.Tensor];
      const d = tanhGradient(hidden, dHidden!) as tf.Tensor;
      return {
        dState: [tf.matMul(d, recurrentKernel, false, true)],
        products: [{ a: input, d }],
      };
    },
  }),
};

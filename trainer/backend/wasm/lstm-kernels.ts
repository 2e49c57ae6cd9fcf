/**
 * All time steps of an LSTM in one kernel, forward and backward: per step one product and one pass
 * over the gates. Formulas and layouts: trainer/model/recurrent/sequence-kernels.ts.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  lstmBackwardKernel,
  lstmForwardKernel,
  type LstmBackwardInputs,
  type LstmForwardInputs,
} from '../../model/recurrent/sequence-kernels.ts';
import { floatBytes } from './heap.ts';
import { withStepProduct } from './recurrent-product.ts';
import { defineKernel, requireFloats } from './wasm-kernel.ts';

type Infos<Inputs> = { readonly [name in keyof Inputs]: TensorInfo };

const gateCount = 4;

interface Sizes {
  readonly steps: number;
  readonly samples: number;
  readonly units: number;
  /** Bytes of one time step of [T, B, U] and of [T, B, 4U]. */
  readonly stateBytes: number;
  readonly gateBytes: number;
}

function sizesOf({ shape }: TensorInfo): Sizes {
  const [steps = 0, samples = 0, gates = 0] = shape;
  const units = gates / gateCount;
  const stateBytes = samples * units * floatBytes;
  return { steps, samples, units, stateBytes, gateBytes: gateCount * stateBytes };
}

export const lstmForward = defineKernel<Infos<LstmForwardInputs>, object>(
  lstmForwardKernel,
  (context, { projected, recurrentKernel }) => {
    requireFloats(lstmForwardKernel, { projected, recurrentKernel });
    const { heap, loops } = context;
    const size = sizesOf(projected);
    const { steps, samples, units, stateBytes, gateBytes } = size;
    const outputs = [
      heap.allocateOutput([steps, samples, units]),
      heap.allocateOutput([steps, samples, units]),
      heap.allocateOutput(projected.shape),
    ];
    if (steps * stateBytes === 0) return outputs;
    const [hidden, cells, gates] = outputs.map(heap.addressOf) as [number, number, number];
    const input = heap.addressOf(projected);
    const b = {
      address: heap.addressOf(recurrentKernel),
      ...{ row: gateCount * units * floatBytes, isTransposed: false },
    };
    const layout = { rows: samples, aWidth: units, cWidth: gateCount * units, steps: units, b };
    heap.withZeros(samples * units, (zeros) => {
      withStepProduct(context, { ...layout, columns: gateCount * units }, (multiply) => {
        for (let step = 0; step < steps; step++) {
          const before = (states: number): number =>
            step === 0 ? zeros : states + (step - 1) * stateBytes;
          const gatesAt = gates + step * gateBytes;
          multiply(before(hidden), gatesAt, input + step * gateBytes);
          const [cellsAt, hiddenAt] = [cells + step * stateBytes, hidden + step * stateBytes];
          loops.lstmStep(samples, units, before(cells), cellsAt, hiddenAt, gatesAt);
        }
      });
    });
    return outputs;
  },
);

export const lstmBackward = defineKernel<Infos<LstmBackwardInputs>, object>(
  lstmBackwardKernel,
  (context, { cells, gates, recurrentKernel, dHidden }) => {
    requireFloats(lstmBackwardKernel, { cells, gates, recurrentKernel, dHidden });
    const { heap, loops } = context;
    const { steps, samples, units, stateBytes, gateBytes } = sizesOf(gates);
    const output = heap.allocateOutput(gates.shape);
    if (steps * stateBytes === 0) return output;
    const [cellsAt, gatesAt, incoming] = [cells, gates, dHidden].map(heap.addressOf) as [
      number,
      number,
      number,
    ];
    const dGates = heap.addressOf(output);
    const isLastOnly = dHidden.shape.length === 2;
    const b = {
      address: heap.addressOf(recurrentKernel),
      ...{ row: gateCount * units * floatBytes, isTransposed: true },
    };
    const layout = { rows: samples, aWidth: gateCount * units, cWidth: units, columns: units, b };
    const state = samples * units;
    heap.withZeros(3 * state, (zeros) => {
      const [dc, dh] = [zeros + stateBytes, zeros + 2 * stateBytes];
      withStepProduct(context, { ...layout, steps: gateCount * units }, (multiply) => {
        for (let step = steps - 1; step >= 0; step--) {
          const isLast = step === steps - 1;
          const given = isLastOnly ? incoming : incoming + step * stateBytes;
          if (!isLast) {
            multiply(dGates + (step + 1) * gateBytes, dh, isLastOnly ? zeros : given);
          }
          loops.lstmStepGradient(
            ...[samples, units, step === 0 ? zeros : cellsAt + (step - 1) * stateBytes],
            ...[cellsAt + step * stateBytes, isLast ? given : dh, dc],
            ...[gatesAt + step * gateBytes, dGates + step * gateBytes],
          );
        }
      });
    });
    return output;
  },
);

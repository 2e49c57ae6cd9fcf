/**
 * All time steps of a GRU in one kernel, forward and backward: per step two products and a few
 * passes over the gates. Formulas and layouts: trainer/model/recurrent/sequence-kernels.ts.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  gruBackwardKernel,
  gruForwardKernel,
  type GruAttributes,
  type GruBackwardInputs,
  type GruForwardInputs,
} from '../../model/recurrent/sequence-kernels.ts';
import { floatBytes } from './heap.ts';
import { withStepProduct } from './recurrent-product.ts';
import { defineKernel, requireFloats, type KernelContext } from './wasm-kernel.ts';

type Infos<Inputs> = { readonly [name in keyof Inputs]: TensorInfo };

const gateCount = 3;

interface Sizes {
  readonly steps: number;
  readonly samples: number;
  readonly units: number;
  /** Bytes of one time step of [T, B, U] and of [T, B, 3U]. */
  readonly stateBytes: number;
  readonly gateBytes: number;
  /** Bytes of U numbers. */
  readonly unitBytes: number;
}

function sizesOf({ shape }: TensorInfo): Sizes {
  const [steps = 0, samples = 0, gates = 0] = shape;
  const units = gates / gateCount;
  const stateBytes = samples * units * floatBytes;
  const unitBytes = units * floatBytes;
  return { steps, samples, units, stateBytes, gateBytes: gateCount * stateBytes, unitBytes };
}

/** The parts of the recurrent kernel [U, 3U] that belong to z and r together, and to c. */
function partsOf(kernel: number, { unitBytes }: Sizes, isTransposed: boolean) {
  const row = gateCount * unitBytes;
  return {
    gates: { address: kernel, row, isTransposed },
    candidate: { address: kernel + 2 * unitBytes, row, isTransposed },
  };
}

export const gruForward = defineKernel<Infos<GruForwardInputs>, GruAttributes>(
  gruForwardKernel,
  (context, { projected, recurrentKernel, recurrentBias }, { resetAfter }) => {
    requireFloats(gruForwardKernel, { projected, recurrentKernel });
    const { heap } = context;
    const size = sizesOf(projected);
    const state = [size.steps, size.samples, size.units];
    const outputs = [
      heap.allocateOutput(state),
      heap.allocateOutput(projected.shape),
      heap.allocateOutput(state),
    ];
    if (size.steps * size.stateBytes === 0) return outputs;
    const [hidden, gates, inner] = outputs.map(heap.addressOf) as [number, number, number];
    const at = { projected: heap.addressOf(projected), hidden, gates, inner };
    // One stretch of zeros serves as the first state and as a bias that is not there.
    heap.withZeros(Math.max(size.samples, gateCount) * size.units, (zeros) => {
      const bias = recurrentBias === undefined ? zeros : heap.addressOf(recurrentBias);
      const kernel = heap.addressOf(recurrentKernel);
      runForward(context, size, { ...at, kernel, bias, zeros, resetAfter });
    });
    return outputs;
  },
);

interface ForwardTask {
  readonly projected: number;
  readonly hidden: number;
  readonly gates: number;
  readonly inner: number;
  readonly kernel: number;
  readonly bias: number;
  readonly zeros: number;
  readonly resetAfter: boolean;
}

function runForward(context: KernelContext, size: Sizes, o: ForwardTask): void {
  const { loops } = context;
  const { samples, units, stateBytes, gateBytes, unitBytes } = size;
  const parts = partsOf(o.kernel, size, false);
  const layout = { rows: samples, aWidth: units, steps: units };
  const candidate = o.resetAfter
    ? { cWidth: units, bias: o.bias + 2 * unitBytes }
    : { cWidth: gateCount * units };
  const gatesOf = {
    ...{ ...layout, cWidth: gateCount * units, columns: 2 * units, b: parts.gates },
  };
  const candidateOf = { ...layout, ...candidate, columns: units, b: parts.candidate };
  withStepProduct(context, gatesOf, (multiplyGates) => {
    withStepProduct(context, candidateOf, (multiplyCandidate) => {
      for (let step = 0; step < size.steps; step++) {
        const before = step === 0 ? o.zeros : o.hidden + (step - 1) * stateBytes;
        const [gates, input] = [o.gates + step * gateBytes, o.projected + step * gateBytes];
        const [inner, hidden] = [o.inner + step * stateBytes, o.hidden + step * stateBytes];
        copyCandidate(context, size, input, gates);
        multiplyGates(before, gates, input);
        loops.gruActivateGates(samples, units, gates, o.bias);
        if (o.resetAfter) {
          multiplyCandidate(before, inner);
          loops.gruResetInner(samples, units, inner, gates);
        } else {
          loops.gruResetHidden(samples, units, before, inner, gates);
          multiplyCandidate(inner, gates + 2 * unitBytes, gates + 2 * unitBytes);
        }
        loops.gruStep(samples, units, before, hidden, gates);
      }
    });
  });
}

/** The candidate's share of the input goes to its gate; those of z and r are added by products. */
function copyCandidate(
  { loops }: KernelContext,
  { samples, unitBytes }: Sizes,
  input: number,
  gates: number,
): void {
  const row = gateCount * unitBytes;
  loops.copyLines(samples, unitBytes, input + 2 * unitBytes, row, gates + 2 * unitBytes, row);
}

export const gruBackward = defineKernel<Infos<GruBackwardInputs>, GruAttributes>(
  gruBackwardKernel,
  (context, { hidden, gates, inner, recurrentKernel, dHidden }, { resetAfter }) => {
    requireFloats(gruBackwardKernel, { hidden, gates, inner, recurrentKernel, dHidden });
    const { heap } = context;
    const size = sizesOf(gates);
    const output = heap.allocateOutput(gates.shape);
    if (size.steps * size.stateBytes === 0) return output;
    const at = {
      ...{ hidden: heap.addressOf(hidden), gates: heap.addressOf(gates) },
      ...{ inner: heap.addressOf(inner), kernel: heap.addressOf(recurrentKernel) },
      ...{ dHidden: heap.addressOf(dHidden), dGates: heap.addressOf(output) },
      isLastOnly: dHidden.shape.length === 2,
    };
    const state = size.samples * size.units;
    heap.withZeros((2 + gateCount) * state, (zeros) => {
      const handed = zeros + size.stateBytes;
      const task = { ...at, zeros, handed, room: handed + size.stateBytes };
      (resetAfter ? backwardResetAfter : backwardResetBefore)(context, size, task);
    });
    return output;
  },
);

interface BackwardTask {
  readonly hidden: number;
  readonly gates: number;
  readonly inner: number;
  readonly kernel: number;
  readonly dHidden: number;
  readonly dGates: number;
  readonly isLastOnly: boolean;
  readonly zeros: number;
  /** What a step hands back to the one before: [B, U]. */
  readonly handed: number;
  /** [B, 3U]. */
  readonly room: number;
}

/** From the last step to the first, the part that both kinds share; `rest` does what differs. */
function overStepsBackward(
  { loops }: KernelContext,
  size: Sizes,
  o: BackwardTask,
  rest: (at: { before: number; gates: number; inner: number; dGates: number }) => void,
): void {
  const { steps, samples, units, stateBytes, gateBytes } = size;
  for (let step = steps - 1; step >= 0; step--) {
    const before = step === 0 ? o.zeros : o.hidden + (step - 1) * stateBytes;
    const [gates, dGates] = [o.gates + step * gateBytes, o.dGates + step * gateBytes];
    const ofLast = step === steps - 1 ? o.dHidden : o.zeros;
    const given = o.isLastOnly ? ofLast : o.dHidden + step * stateBytes;
    loops.gruStepGradient(samples, units, before, given, o.handed, gates, dGates);
    rest({ before, gates, dGates, inner: o.inner + step * stateBytes });
  }
}

function backwardResetAfter(context: KernelContext, size: Sizes, o: BackwardTask): void {
  const { samples, units } = size;
  const width = gateCount * units;
  const b = partsOf(o.kernel, size, true).gates;
  const layout = { rows: samples, aWidth: width, cWidth: units, steps: width, columns: units, b };
  withStepProduct(context, layout, (multiply) => {
    overStepsBackward(context, size, o, ({ gates, dGates, inner }) => {
      context.loops.gruResetInnerGradient(samples, units, inner, gates, dGates, o.room);
      multiply(o.room, o.handed, o.handed);
    });
  });
}

function backwardResetBefore(context: KernelContext, size: Sizes, o: BackwardTask): void {
  const { loops } = context;
  const { samples, units, unitBytes } = size;
  const parts = partsOf(o.kernel, size, true);
  const layout = { rows: samples, aWidth: gateCount * units, cWidth: units, columns: units };
  const ofCandidate = { ...layout, steps: units, b: parts.candidate };
  const ofGates = { ...layout, steps: 2 * units, b: parts.gates };
  withStepProduct(context, ofCandidate, (multiplyCandidate) => {
    withStepProduct(context, ofGates, (multiplyGates) => {
      overStepsBackward(context, size, o, ({ before, gates, dGates }) => {
        multiplyCandidate(dGates + 2 * unitBytes, o.room);
        loops.gruResetHiddenGradient(samples, units, before, o.room, o.handed, gates, dGates);
        multiplyGates(dGates, o.handed, o.handed);
      });
    });
  });
}

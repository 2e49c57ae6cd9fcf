import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { randomFloats, relativeError } from '../layer-cases.testing.ts';
import { wasmBackend } from '../wasm-backend.ts';

/** Time steps, samples, units: below, at and above what fits a vector and a panel. */
const sizes = [
  [1, 1, 1],
  [3, 2, 5],
  [4, 5, 8],
  [2, 3, 13],
] as const;
type Size = (typeof sizes)[number];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const { tanh } = Math;

before(async () => {
  await wasmBackend.open();
});

interface Given {
  readonly projected: Float32Array;
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

function givenFor([steps, samples, units]: Size, gates: number): Given {
  return {
    projected: randomFloats(steps * samples * gates * units, 1),
    kernel: randomFloats(units * gates * units, 2),
    bias: randomFloats(gates * units, 3),
  };
}

/** What the reference computes in one step for one sample, in double precision. */
type Cell = (at: {
  /** Σ of state times one column of the recurrent kernel. */
  product: (state: readonly number[], column: number) => number;
  input: (gate: number, unit: number) => number;
  hidden: readonly number[];
  cells: number[];
}) => number[];

/** Hidden states [T, B, U] by the formulas of the seam, written as loops. */
function reference(
  [steps, samples, units]: Size,
  gates: number,
  o: { projected: ArrayLike<number>; kernel: Float32Array; cell: Cell },
): number[] {
  const states: number[] = [];
  const hidden = Array.from({ length: samples }, () => new Array<number>(units).fill(0));
  const cells = hidden.map((row) => [...row]);
  for (let step = 0; step < steps; step++) {
    for (let sample = 0; sample < samples; sample++) {
      const row = (step * samples + sample) * gates * units;
      const next = o.cell({
        product: (state, column) =>
          state.reduce(
            (sum, value, unit) => sum + value * o.kernel[unit * gates * units + column]!,
            0,
          ),
        input: (gate, unit) => o.projected[row + gate * units + unit]!,
        hidden: hidden[sample]!,
        cells: cells[sample]!,
      });
      hidden[sample] = next;
      states.push(...next);
    }
  }
  return states;
}

function lstmCell(units: number): Cell {
  return ({ product, input, hidden, cells }) =>
    hidden.map((_, unit) => {
      const [i, f, c, o] = [0, 1, 2, 3].map(
        (gate) => input(gate, unit) + product(hidden, gate * units + unit),
      ) as [number, number, number, number];
      cells[unit] = sigmoid(f) * cells[unit]! + sigmoid(i) * tanh(c);
      return sigmoid(o) * tanh(cells[unit]);
    });
}

function gruCell(units: number, o: { resetAfter: boolean; bias: ArrayLike<number> }): Cell {
  return ({ product, input, hidden }) => {
    const gate = (index: number): number[] =>
      hidden.map((_, unit) =>
        sigmoid(
          input(index, unit) +
            product(hidden, index * units + unit) +
            o.bias[index * units + unit]!,
        ),
      );
    const [z, r] = [gate(0), gate(1)];
    const reset = hidden.map((value, unit) => r[unit]! * value);
    return hidden.map((value, unit) => {
      const column = 2 * units + unit;
      const inner = o.resetAfter
        ? r[unit]! * (product(hidden, column) + o.bias[column]!)
        : product(reset, column);
      return z[unit]! * value + (1 - z[unit]!) * tanh(input(2, unit) + inner);
    });
  };
}

/** Central differences of Σ hidden · weights by every number of `projected`. */
function numericGradient(
  projected: Float32Array,
  lossOf: (projected: ArrayLike<number>) => number,
): number[] {
  const step = 1e-5;
  return Array.from(projected.keys(), (index) => {
    const moved = Float64Array.from(projected);
    moved[index]! += step;
    const up = lossOf(moved);
    moved[index]! -= 2 * step;
    return (up - lossOf(moved)) / (2 * step);
  });
}

interface Kernels {
  readonly forward: string;
  readonly backward: string;
  readonly attributes: tf.NamedAttrMap;
  readonly gates: number;
  /** Names of the forward kernel's results, of which `hidden` is one. */
  readonly results: readonly string[];
  readonly bias: boolean;
}

/** Runs both kernels; `isLastOnly`: only the last hidden state counts in the loss. */
function runKernels(
  size: Size,
  given: Given,
  o: Kernels & { isLastOnly: boolean },
): { hidden: number[]; gradient: number[] } {
  const [steps, samples, units] = size;
  return tf.tidy(() => {
    const recurrentKernel = tf.tensor(given.kernel, [units, o.gates * units]);
    const inputs = {
      projected: tf.tensor(given.projected, [steps, samples, o.gates * units]),
      recurrentKernel,
      ...(o.bias ? { recurrentBias: tf.tensor(given.bias) } : {}),
    };
    const engine = tf.engine();
    const results = engine.runKernel<tf.Tensor[]>(o.forward, inputs, o.attributes);
    const named = Object.fromEntries(o.results.map((name, index) => [name, results[index]!]));
    const all = tf.tensor(randomFloats(steps * samples * units, 4), [steps, samples, units]);
    const dHidden = o.isLastOnly
      ? tf.reshape(tf.slice(all, [steps - 1, 0, 0]), [samples, units])
      : all;
    const gradient = engine.runKernel<tf.Tensor>(
      o.backward,
      { ...named, recurrentKernel, dHidden },
      o.attributes,
    );
    return {
      hidden: Array.from(named['hidden']!.dataSync()),
      gradient: Array.from(gradient.dataSync()),
    };
  });
}

function check(kernels: Kernels, size: Size, cellOf: (given: Given) => Cell): void {
  const [steps, samples, units] = size;
  const given = givenFor(size, kernels.gates);
  const { kernel, projected } = given;
  const statesOf = (values: ArrayLike<number>): number[] =>
    reference(size, kernels.gates, { projected: values, kernel, cell: cellOf(given) });
  const weights = randomFloats(steps * samples * units, 4);
  for (const isLastOnly of [false, true]) {
    const first = isLastOnly ? (steps - 1) * samples * units : 0;
    const lossOf = (values: ArrayLike<number>): number =>
      statesOf(values).reduce(
        (sum, state, index) => sum + (index < first ? 0 : state * weights[index]!),
        0,
      );
    const { hidden, gradient } = runKernels(size, given, { ...kernels, isLastOnly });
    const name = `[${size}]${isLastOnly ? ', last state' : ''}`;
    const forward = relativeError(hidden, statesOf(projected));
    assert.ok(forward <= 1e-6, `${name}: hidden differs by ${forward}`);
    const backward = relativeError(gradient, numericGradient(projected, lossOf));
    assert.ok(backward <= 3e-6, `${name}: the gradient differs by ${backward}`);
  }
}

test('an LSTM over a sequence is right, and so is its gradient', () => {
  const kernels = {
    ...{ forward: 'LstmForward', backward: 'LstmBackward', attributes: {}, gates: 4 },
    ...{ results: ['hidden', 'cells', 'gates'], bias: false },
  };
  for (const size of sizes) check(kernels, size, () => lstmCell(size[2]));
});

for (const resetAfter of [false, true]) {
  for (const bias of resetAfter ? [true, false] : [false]) {
    const words = `${resetAfter ? 'after' : 'before'} the product${bias ? ', with a bias' : ''}`;
    test(`a GRU that resets ${words} is right, and so is its gradient`, () => {
      const kernels = {
        ...{ forward: 'GruForward', backward: 'GruBackward', attributes: { resetAfter }, gates: 3 },
        ...{ results: ['hidden', 'gates', 'inner'], bias },
      };
      for (const size of sizes) {
        check(kernels, size, (given) =>
          gruCell(size[2], {
            resetAfter,
            bias: bias ? given.bias : new Float32Array(given.bias.length),
          }),
        );
      }
    });
  }
}

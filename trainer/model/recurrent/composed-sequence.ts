/**
 * All time steps of a recurrent layer as plain tfjs operations, few and large, with the backward
 * pass through time written by hand (composed-gradients.ts). For backends without a kernel for the
 * whole sequence, TensorFlow's graphs above all.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { CellKind, ComposedCell, State } from './composed-cell.ts';
import { sequenceGradients } from './composed-gradients.ts';
import { reorderGates } from './gate-order.ts';
import { runSequence } from './sequence-operation.ts';
import type { RunSequence, SequenceInputs } from './sequence.ts';
import { cutSequence, joinSequence, partsOf } from './time-steps.ts';
import { joinRows } from './weight-gradient.ts';

export function composeSequence(kind: CellKind): RunSequence {
  return (inputs, returnSequences) => {
    const { x, kernel, recurrentKernel, bias } = inputs;
    const [time, batch] = x.shape;
    const parts = partsOf(batch);
    const weights = [kernel, recurrentKernel, ...(bias ? [bias] : [])];
    return runSequence({
      inputs: { x, kernel, recurrentKernel, ...(bias ? { bias } : {}) },
      forward: (save) => {
        const cell = createCell(kind, inputs);
        const runs = cutSequence(withOnes(inputs), parts).map((steps) =>
          runSteps(cell, steps, { states: kind.states, units: recurrentKernel.shape[0]! }),
        );
        save([...weights, ...runs.flatMap(({ saved }) => saved.flat())]);
        const hidden = runs.map((run) => run.hidden);
        return returnSequences
          ? joinSequence(hidden)
          : joinRows(hidden.map((steps) => steps.at(-1)!));
      },
      gradients: (dy, tensors) => {
        const saved = takeSteps(tensors.slice(weights.length), [parts, time, kind.savedTensors]);
        const [ownKernel, ownRecurrentKernel, ownBias] = tensors as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
        ];
        const own = {
          kernel: ownKernel,
          recurrentKernel: ownRecurrentKernel,
          bias: bias && ownBias,
        };
        return sequenceGradients(kind, { dy, saved, weights: own, cell: createCell(kind, own) });
      },
    });
  };
}

/** [T, B, D + 1], with ones in the last column, where there is a bias. */
function withOnes({ x, bias }: SequenceInputs): tf.Tensor3D {
  const [time, batch] = x.shape;
  return bias ? tf.concat([x, tf.ones([time, batch, 1])], 2) : x;
}

function createCell(kind: CellKind, weights: Omit<SequenceInputs, 'x'>): ComposedCell {
  const { kernel, recurrentKernel, bias } = weights;
  // The cell adds the bias itself: TensorFlow fuses that with the product and the activation.
  const ones = bias ? [tf.zeros([1, bias.size]) as tf.Tensor] : [];
  const stacked = tf.concat([kernel, ...ones, recurrentKernel], 0);
  return kind.create({
    stacked: reorderGates(stacked, kind.gateOrder),
    recurrentKernel: reorderGates(recurrentKernel, kind.gateOrder),
    bias: bias && reorderGates(bias, kind.gateOrder),
    units: recurrentKernel.shape[0]!,
  });
}

interface Run {
  readonly hidden: tf.Tensor[];
  readonly saved: tf.Tensor[][];
}

function runSteps(
  cell: ComposedCell,
  steps: readonly tf.Tensor[],
  { states, units }: { readonly states: number; readonly units: number },
): Run {
  const zero = tf.zeros([steps[0]!.shape[0]!, units]) as tf.Tensor;
  const run: Run = { hidden: [], saved: [] };
  let state: State = Array.from({ length: states }, () => zero);
  for (const x of steps) {
    const next = cell.forward(x, state);
    state = next.state;
    run.hidden.push(state[0]!);
    run.saved.push(next.saved);
  }
  return run;
}

/** The flat list of saved tensors by part and time step again. */
function takeSteps(
  tensors: readonly tf.Tensor[],
  [parts, time, each]: readonly [number, number, number],
): tf.Tensor[][][] {
  return Array.from({ length: parts }, (_, part) =>
    Array.from({ length: time }, (__, t) => {
      const start = (part * time + t) * each;
      return tensors.slice(start, start + each) as tf.Tensor[];
    }),
  );
}

/**
 * The sequence through the backend's own recurrence (sequence-kernels.ts): one projection of all
 * inputs before it, and one product for the gradient of each weight after it.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  gruBackwardKernel,
  gruForwardKernel,
  hasSequenceKernel,
  lstmBackwardKernel,
  lstmForwardKernel,
} from './sequence-kernels.ts';
import { runSequence } from './sequence-operation.ts';
import type { RunSequence, SequenceInputs } from './sequence.ts';

interface Recurrence {
  readonly forward: string;
  readonly backward: string;
  readonly attributes: tf.NamedAttrMap;
  /** The forward kernel's outputs, the hidden states first. */
  readonly outputs: readonly string[];
  /** The gradient of the recurrent kernel. */
  readonly recurrentGradient: (sequence: RecurrentProducts) => tf.Tensor;
}

interface RecurrentProducts {
  /** [T B, G]. */
  readonly dGates: tf.Tensor2D;
  /** Hidden states before each step, [T B, U]. */
  readonly before: tf.Tensor2D;
  readonly saved: Readonly<Record<string, tf.Tensor>>;
  readonly units: number;
}

const lstm: Recurrence = {
  forward: lstmForwardKernel,
  backward: lstmBackwardKernel,
  attributes: {},
  outputs: ['hidden', 'cells', 'gates'],
  recurrentGradient: ({ before, dGates }) => tf.matMul(before, dGates, true, false),
};

const gru: Recurrence = {
  forward: gruForwardKernel,
  backward: gruBackwardKernel,
  attributes: { resetAfter: false },
  outputs: ['hidden', 'gates', 'inner'],
  recurrentGradient: ({ before, dGates, saved, units }) => {
    const [gates, candidate] = tf.split(dGates, [2 * units, units], 1);
    const inner = tf.reshape(saved['inner']!, [-1, units]) as tf.Tensor2D;
    return tf.concat(
      [tf.matMul(before, gates!, true, false), tf.matMul(inner, candidate!, true, false)],
      1,
    );
  },
};

/** @returns undefined where the current backend has no kernels for this layer. */
export function kernelSequenceOf(className: string): RunSequence | undefined {
  const recurrence = className === 'LSTM' ? lstm : className === 'GRU' ? gru : undefined;
  if (recurrence === undefined) return undefined;
  const { forward, backward } = recurrence;
  const has = hasSequenceKernel(forward) && hasSequenceKernel(backward);
  return has ? (inputs, returnSequences) => run(recurrence, inputs, returnSequences) : undefined;
}

function run(recurrence: Recurrence, inputs: SequenceInputs, returnSequences: boolean): tf.Tensor {
  const { x, kernel, recurrentKernel, bias } = inputs;
  const [time, batch, features] = x.shape;
  const units = recurrentKernel.shape[0]!;
  const width = kernel.shape[1]!;
  return runSequence({
    inputs: { x, kernel, recurrentKernel, ...(bias ? { bias } : {}) },
    forward: (save) => {
      const product = tf.matMul(tf.reshape(x, [time * batch, features]), kernel);
      const rows = bias ? tf.add(product, bias) : product;
      const projected = tf.reshape(rows, [time, batch, width]);
      const outputs = runKernel(recurrence.forward, { projected, recurrentKernel }, recurrence);
      save([x, kernel, recurrentKernel, ...outputs]);
      return returnSequences ? outputs[0]! : lastStep(outputs[0]!);
    },
    gradients: (dHidden, tensors) => {
      const [savedX, savedKernel, savedRecurrent] = tensors as [
        tf.Tensor3D,
        tf.Tensor2D,
        tf.Tensor2D,
      ];
      const saved = Object.fromEntries(
        recurrence.outputs.map((name, index) => [name, tensors[3 + index]!]),
      );
      const given = { ...saved, recurrentKernel: savedRecurrent, dHidden };
      const [gradient] = runKernel(recurrence.backward, given, recurrence);
      const dGates = tf.reshape(gradient!, [time * batch, width]) as tf.Tensor2D;
      const before = stepsBefore(saved['hidden'] as tf.Tensor3D);
      return {
        x: () => tf.reshape(tf.matMul(dGates, savedKernel, false, true), savedX.shape),
        kernel: () => tf.matMul(tf.reshape(savedX, [time * batch, features]), dGates, true, false),
        recurrentKernel: () => recurrence.recurrentGradient({ dGates, before, saved, units }),
        ...(bias ? { bias: () => tf.sum(dGates, 0) } : {}),
      };
    },
  });
}

function runKernel(
  name: string,
  inputs: tf.NamedTensorMap,
  { attributes }: Recurrence,
): tf.Tensor[] {
  const outputs: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, inputs, attributes);
  return Array.isArray(outputs) ? outputs : [outputs];
}

/** [B, U] of [T, B, U]. */
function lastStep(hidden: tf.Tensor): tf.Tensor {
  const [time, batch, units] = hidden.shape as [number, number, number];
  return tf.reshape(tf.slice(hidden, [time - 1, 0, 0], [1, batch, units]), [batch, units]);
}

/** The hidden states shifted by a step, zeros first: [T B, U]. */
function stepsBefore(hidden: tf.Tensor3D): tf.Tensor2D {
  const [time, batch, units] = hidden.shape;
  const earlier = tf.slice(hidden, [0, 0, 0], [time - 1, batch, units]);
  return tf.reshape(tf.concat([tf.zeros([1, batch, units]), earlier], 0), [time * batch, units]);
}

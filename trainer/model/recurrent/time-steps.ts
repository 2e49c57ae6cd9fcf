/**
 * A sequence cut into the pieces that the composed recurrences work on: its time steps, each of them
 * in one or more parts of the batch. The parts do not depend on each other, so that a backend which
 * schedules a graph of operations runs them side by side; operations of one time step are too small
 * to be worth more than one thread.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Steps [part][time], each [batch / parts, width]. */
export type TimeSteps = readonly (readonly tf.Tensor[])[];

/** @param sequence [T, B, width], B divisible by `parts`. */
export function cutSequence(sequence: tf.Tensor, parts: number): TimeSteps {
  const [time, batch, width] = sequence.shape as [number, number, number];
  const rows = batch / parts;
  // Parts of a time step lie one after the other: a reshape and views, no copies.
  const pieces = tf.unstack(tf.reshape(sequence, [time * parts, rows, width])) as tf.Tensor[];
  return Array.from({ length: parts }, (_, part) =>
    Array.from({ length: time }, (__, t) => pieces[t * parts + part]!),
  );
}

/** The sequence [T, B, width] of such pieces. */
export function joinSequence(steps: TimeSteps): tf.Tensor {
  const parts = steps.length;
  const time = steps[0]!.length;
  const [rows, width] = steps[0]![0]!.shape as [number, number];
  const pieces = Array.from(
    { length: time * parts },
    (_, index) => steps[index % parts]![Math.floor(index / parts)]!,
  );
  return tf.reshape(tf.stack(pieces), [time, rows * parts, width]);
}

/** Below this many rows a part's products no longer fill a core's vector units. */
const fewestRows = 32;

/** How many parts pay on the current backend: only TensorFlow runs a graph of operations. */
export function partsOf(batch: number): number {
  const isGraph = tf.getBackend() === 'tensorflow';
  return isGraph && batch % 2 === 0 && batch >= 2 * fewestRows ? 2 : 1;
}

/** Reorders the blocks of columns of weights that belong to the gates of a recurrent layer. */
import * as tf from '@tensorflow/tfjs-core';

/** @param order for each block of the last axis its index in `weights`. */
export function reorderGates(weights: tf.Tensor, order: readonly number[]): tf.Tensor {
  if (order.every((source, index) => source === index)) return weights;
  const blocks = tf.split(weights, order.length, -1);
  return tf.concat(
    order.map((source) => blocks[source]!),
    -1,
  );
}

/** The order that undoes `order`. */
export function inverseOrder(order: readonly number[]): number[] {
  return order.map((_, index) => order.indexOf(index));
}

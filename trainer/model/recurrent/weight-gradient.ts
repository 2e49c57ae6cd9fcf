/**
 * The gradient of weights that every time step reads: the sum over the steps of aᵀ · d. Steps are
 * gathered to products of a few hundred rows: larger than a step, so that little is added up, and
 * small enough that a backend with threads computes some while the recurrence still goes on.
 */
import * as tf from '@tensorflow/tfjs-core';

/** About where adding up and the wait for the last product cost the same, for some 30 steps. */
const rowsOfProduct = 512;

export interface ProductSum {
  /** Adds aᵀ · d. @param a [rows, columns of a] @param d [rows, columns of d] */
  add(a: tf.Tensor, d: tf.Tensor): void;
  /** [columns of a, columns of d]; call it once, at the end. */
  total(): tf.Tensor;
}

export function createProductSum(): ProductSum {
  let left: tf.Tensor[] = [];
  let right: tf.Tensor[] = [];
  let rows = 0;
  const products: tf.Tensor[] = [];
  const multiply = (): void => {
    products.push(tf.matMul(joinRows(left), joinRows(right), true, false));
    left = [];
    right = [];
    rows = 0;
  };
  return {
    add: (a, d) => {
      left.push(a);
      right.push(d);
      rows += a.shape[0]!;
      if (rows >= rowsOfProduct) multiply();
    },
    total: () => {
      if (rows > 0) multiply();
      return products.length === 1 ? products[0]! : tf.addN(products);
    },
  };
}

/** A single one is handed on without a copy. */
export function joinRows(parts: readonly tf.Tensor[]): tf.Tensor {
  return parts.length === 1 ? parts[0]! : tf.concat([...parts], 0);
}

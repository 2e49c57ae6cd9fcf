/**
 * Brings labels to the form that a loss or metric compares with predictions: class indices to
 * one-hot rows where the model has an output per class, numbers to the shape of the predictions.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Keras's epsilon: keeps logarithms and quotients finite. */
export const epsilon = 1e-7;

/** True for class indices [count], which arrive as int32. */
export function areClassIndices(yTrue: tf.Tensor): boolean {
  return yTrue.dtype === 'int32' && yTrue.rank === 1;
}

/** One-hot float rows [count, classes] of int32 class indices. */
export function oneHot(indices: tf.Tensor, classes: number): tf.Tensor {
  return tf.cast(tf.oneHot(tf.cast(indices, 'int32') as tf.Tensor1D, classes), 'float32');
}

/**
 * Labels as floats in the shape of the predictions: one-hot where class indices meet several
 * outputs, else reshaped (0 and 1 for a binary classifier, values for a regression).
 */
export function likePredictions(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor {
  const outputs = yPred.shape.at(-1) ?? 1;
  if (areClassIndices(yTrue) && yPred.rank === 2 && outputs > 1) return oneHot(yTrue, outputs);
  return tf.reshape(tf.cast(yTrue, 'float32'), yPred.shape);
}

/** Mean over all axes but the first: [count, ...] to [count]. */
export function meanPerSample(values: tf.Tensor): tf.Tensor1D {
  const count = values.shape[0] ?? 0;
  if (values.rank === 1) return values as tf.Tensor1D;
  const width = values.size / Math.max(1, count);
  return tf.mean(tf.reshape(values, [count, width]), 1);
}

/** A dense layer of a time step: what TensorFlow fuses to one operation if it is written like this. */
import * as tf from '@tensorflow/tfjs-core';

/** activation(input · kernel + bias): [rows, columns]. */
export function activatedProduct(
  input: tf.Tensor,
  { kernel, bias }: { readonly kernel: tf.Tensor; readonly bias?: tf.Tensor | undefined },
  activation: (x: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const product = tf.matMul(input, kernel);
  return activation(bias ? tf.add(product, bias) : product);
}

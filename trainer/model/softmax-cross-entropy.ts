/**
 * Cross-entropy of a softmax, taken of the logits: exact for any score, where one of probabilities
 * must cut them off. The gradient is that of `tf.nn.softmax_cross_entropy_with_logits`, and costs
 * one subtraction, because the forward pass has all of it.
 */
import * as tf from '@tensorflow/tfjs-core';

/**
 * @param targets probabilities of the classes, [..., classes]; constants.
 * @param logits [..., classes].
 * @returns [...]: the sum of targets · (log Σ exp logits - logits); the gradient by the logits is
 *   softmax - targets, which takes it that targets add up to 1.
 */
export function softmaxCrossEntropy(targets: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.customGrad((...inputs) => {
    const [scores, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
    const shifted = tf.sub(scores, tf.max(scores, -1, true));
    const powers = tf.exp(shifted);
    const total = tf.sum(powers, -1, true);
    save([tf.sub(tf.div(powers, total), targets)]);
    return {
      value: tf.sum(tf.mul(targets, tf.sub(tf.log(total), shifted)), -1),
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) =>
        tf.mul(tf.expandDims(gradient, -1), saved[0]!),
    };
  })(logits);
}

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
    const isNative = findKernel(NATIVE_KERNEL, tf.getBackend()) !== undefined;
    const { losses, difference } = (isNative ? native : composed)(targets, scores);
    save([difference]);
    return {
      value: losses,
      gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) =>
        tf.mul(tf.expandDims(gradient, -1), saved[0]!),
    };
  })(logits);
}

interface CrossEntropy {
  readonly losses: tf.Tensor;
  /** softmax - targets */
  readonly difference: tf.Tensor;
}

/** Registered where the backend has both results in one operation (the backend tensorflow). */
const NATIVE_KERNEL = 'SoftmaxCrossEntropyWithLogits';

/** tfjs types a lookup as if it always found something. */
const findKernel = tf.getKernel as (name: string, backend: string) => tf.KernelConfig | undefined;

function native(targets: tf.Tensor, logits: tf.Tensor): CrossEntropy {
  const rows = [-1, logits.shape.at(-1) ?? 1];
  const [losses, difference] = tf.engine().runKernel<tf.Tensor[]>(NATIVE_KERNEL, {
    logits: tf.reshape(logits, rows),
    targets: tf.reshape(targets, rows),
  });
  return {
    losses: tf.reshape(losses!, logits.shape.slice(0, -1)),
    difference: tf.reshape(difference!, logits.shape),
  };
}

function composed(targets: tf.Tensor, logits: tf.Tensor): CrossEntropy {
  const shifted = tf.sub(logits, tf.max(logits, -1, true));
  const powers = tf.exp(shifted);
  const total = tf.sum(powers, -1, true);
  return {
    losses: tf.sum(tf.mul(targets, tf.sub(tf.log(total), shifted)), -1),
    difference: tf.sub(tf.div(powers, total), targets),
  };
}

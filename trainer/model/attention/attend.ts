/**
 * Scaled dot-product attention between heads that lie side by side, with a gradient of its own.
 * TensorFlow.js's gradient of softmax reads the scores, the largest tensors of a transformer, four
 * times; here the row sums that it needs come from the far smaller outputs (the identity of Dao et
 * al. 2022, FlashAttention, appendix B). Knows nothing of weights and layers.
 */
import * as tf from '@tensorflow/tfjs-core';

export interface AttentionOptions {
  /** Added to the scores, broadcast over batch and heads: [queries, keys]. */
  readonly bias?: tf.Tensor | undefined;
  /** Factors of the probabilities (dropout): [batch, heads, queries, keys]. */
  readonly factors?: tf.Tensor | undefined;
}

/**
 * softmax(q·kᵀ + bias)·v, where the probabilities are multiplied with `factors` first.
 * @param q [batch, heads, queries, keyDim], scaled already.
 * @param k [batch, heads, keys, keyDim].
 * @param v [batch, heads, keys, valueDim].
 * @returns [batch, heads, queries, valueDim].
 */
export function attend(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { bias, factors }: AttentionOptions = {},
): tf.Tensor {
  const operation = tf.customGrad((...given) => {
    const [query, key, value] = given as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = given.at(-1) as tf.GradSaveFunc;
    const scores = tf.matMul(query, key, false, true);
    const probabilities = tf.softmax(bias === undefined ? scores : tf.add(scores, bias));
    const weights = factors === undefined ? probabilities : tf.mul(probabilities, factors);
    const output = tf.matMul(weights, value);
    save([query, key, value, probabilities, output, ...(factors === undefined ? [] : [factors])]);
    return { value: output, gradFunc: (gradient, saved) => attentionGradients(gradient, saved) };
  });
  return operation(q, k, v);
}

function attentionGradients(gradient: tf.Tensor, saved: readonly tf.Tensor[]): tf.Tensor[] {
  const [q, k, v, probabilities, output, factors] = saved as [
    ...[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor],
    tf.Tensor?,
  ];
  const weights = factors === undefined ? probabilities : tf.mul(probabilities, factors);
  const weightGradient = tf.matMul(gradient, v, false, true);
  const probabilityGradient =
    factors === undefined ? weightGradient : tf.mul(weightGradient, factors);
  // Σ over keys of probability times its gradient, which softmax subtracts.
  const rowSums = tf.sum(tf.mul(gradient, output), -1, true);
  const scoreGradient = tf.mul(probabilities, tf.sub(probabilityGradient, rowSums));
  return [
    tf.matMul(scoreGradient, k),
    tf.matMul(scoreGradient, q, true, false),
    tf.matMul(weights, gradient, true, false),
  ];
}

/**
 * Proves that tfjs's current backend can train: a gradient through a convolution, computed and
 * compared with the value known by hand. A backend can load and yet lack a gradient kernel.
 */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradient of every op; tfjs-core alone has none in Node.
import '@tensorflow/tfjs-layers';
import { BackendError } from './backend.ts';

/**
 * The image [[1, 2], [3, 4]] under a 2x2 filter of ones gives y = 10, so that
 * d(y²)/d(filter) = 2 · 10 · image, exact in every float format that a backend may use.
 */
const image = [1, 2, 3, 4];
const expected = [20, 40, 60, 80];
/** Room for a backend that computes in 16-bit floats (10 bits of fraction). */
const tolerance = 0.05;

/** @throws BackendError naming the numbers that came out */
export async function verifyGradient(): Promise<void> {
  let gradient: tf.Tensor | undefined;
  try {
    gradient = tf.tidy(() => {
      const x = tf.tensor4d(image, [1, 2, 2, 1]);
      const loss = (filter: tf.Tensor): tf.Scalar =>
        tf.sum(tf.square(tf.conv2d(x, filter as tf.Tensor4D, 1, 'valid')));
      return tf.grad(loss)(tf.ones([2, 2, 1, 1]));
    });
    const values = Array.from(await gradient.data());
    const isRight = expected.every(
      (value, index) => Math.abs(value - (values[index] ?? NaN)) <= tolerance,
    );
    if (isRight) return;
    throw new BackendError(
      `a test gradient came out as [${values.join(', ')}] instead of [${expected.join(', ')}]`,
    );
  } catch (error) {
    if (error instanceof BackendError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new BackendError(`a test gradient failed (${firstLine(message)})`, { cause: error });
  } finally {
    gradient?.dispose();
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}

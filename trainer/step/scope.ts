import * as tf from '@tensorflow/tfjs-core';

/**
 * `tf.tidy` for bodies whose result holds no tensors of the scope: tidy would search through it,
 * number by number where it is an array of values.
 */
export function scoped<T>(body: () => T): T {
  const engine = tf.engine();
  engine.startScope();
  try {
    return body();
  } finally {
    engine.endScope();
  }
}

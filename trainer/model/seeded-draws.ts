/**
 * Draws for layers by TensorFlow.js's seeded generators: the same numbers on every backend, made in
 * JavaScript and uploaded. A graph cannot contain them; on tensorflow see stateless-draws.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerDraws } from './layer-draws.ts';
import { seedOf } from './random-stream.ts';

export function seededDraws(): LayerDraws {
  let passKey = 0;
  const drawn = new Map<string, number>();
  const nextSeed = (path: string): number => {
    const count = drawn.get(path) ?? 0;
    drawn.set(path, count + 1);
    return seedOf(passKey, path, count);
  };
  return {
    uniform: (shape, path) => tf.randomUniform([...shape], 0, 1, 'float32', nextSeed(path)),
    normal: (shape, path) => tf.randomNormal([...shape], 0, 1, 'float32', nextSeed(path)),
    startPass: (key) => {
      passKey = key;
      drawn.clear();
    },
  };
}

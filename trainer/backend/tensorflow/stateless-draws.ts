/**
 * Draws for layers by TensorFlow's stateless random operations (Philox, Salmon et al. 2011), seeded
 * with the pair (key of the pass, path and count of the draw). The key is a tensor and all else is
 * constant: a forward pass recorded as a graph draws anew for each key that it is fed with.
 * Works on the backend tensorflow only; the numbers differ from those of seeded-draws.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerDraws } from '../../model/layer-draws.ts';
import { seedOf } from '../../model/random-stream.ts';
import { nodeBackend } from './node-backend.ts';

export interface StatelessDraws extends LayerDraws {
  /** Key of the current pass, an int32 scalar; undefined before the first pass. */
  readonly key: tf.Tensor | undefined;
  /**
   * `startPass` with a tensor that the caller owns, an int32 scalar: a recording hands in the one
   * that the graph is fed through.
   */
  startPassWith(key: tf.Tensor): void;
}

type Operation = 'StatelessRandomUniform' | 'StatelessRandomNormal';

export function statelessDraws(): StatelessDraws {
  let passKey: tf.Tensor | undefined;
  const drawn = new Map<string, number>();

  const draw = (operation: Operation, shape: readonly number[], path: string): tf.Tensor => {
    const key = passKey;
    if (key === undefined) throw new Error(`${path} draws before its pass was started`);
    const count = drawn.get(path) ?? 0;
    drawn.set(path, count + 1);
    return tf.tidy(() => {
      // Constant from step to step: what changes comes in through the key.
      const place = tf.scalar(seedOf(path, count), 'int32');
      return run(operation, tf.tensor1d([...shape], 'int32'), tf.stack([key, place]));
    });
  };
  const startPassWith = (key: tf.Tensor): void => {
    passKey = key;
    drawn.clear();
  };

  return {
    get key() {
      return passKey;
    },
    uniform: (shape, path) => draw('StatelessRandomUniform', shape, path),
    normal: (shape, path) => draw('StatelessRandomNormal', shape, path),
    startPass: (key) => startPassWith(tf.scalar(key, 'int32')),
    startPassWith,
  };
}

function run(operation: Operation, shape: tf.Tensor, seed: tf.Tensor): tf.Tensor {
  const backend = nodeBackend();
  const { TF_ATTR_TYPE: type, TF_FLOAT, TF_INT32 } = backend.binding;
  const attributes = [
    { name: 'dtype', type, value: TF_FLOAT },
    { name: 'T', type, value: TF_INT32 },
    { name: 'Tseed', type, value: TF_INT32 },
  ];
  const inputs = backend.getInputTensorIds([shape, seed]);
  const [numbers] = backend.binding.executeOp(operation, attributes, inputs, 1);
  return backend.createOutputTensor(numbers!);
}

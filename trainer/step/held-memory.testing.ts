/** For tests: everything by which a training step could grow from step to step. */
import * as tf from '@tensorflow/tfjs-core';
import { nodeBackend } from '../backend/tensorflow/node-backend.ts';

export interface HeldMemory {
  readonly tensors: number;
  readonly dataBuffers: number;
  /** Of tensors. */
  readonly bytes: number;
  /** Tensors of TensorFlow that the addon holds; 0 on other backends. */
  readonly nativeTensors: number;
  readonly residentBytes: number;
  /**
   * Of the resident bytes those that are in use: V8 keeps room for short-lived objects, up to some
   * hundred MiB where many are made, which is no leak.
   */
  readonly usedBytes: number;
}

export function heldMemory(): HeldMemory {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  return {
    tensors: numTensors,
    dataBuffers: numDataBuffers,
    bytes: numBytes,
    nativeTensors: tf.getBackend() === 'tensorflow' ? nodeBackend().binding.getNumOfTensors() : 0,
    residentBytes: rss,
    usedBytes: rss - heapTotal + heapUsed,
  };
}

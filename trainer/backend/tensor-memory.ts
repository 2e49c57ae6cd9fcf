/** What tensors hold now, on the current backend. Reads counters; moves and frees nothing. */
import * as tf from '@tensorflow/tfjs-core';
import { nodeBackend } from './tensorflow/node-backend.ts';

export interface TensorMemory {
  /** Tensors that tfjs knows: weights, optimizer slots, what a step left behind. */
  readonly tensors: number;
  /** Bytes of their values. */
  readonly bytes: number;
  /** Tensors that the addon of the backend tensorflow holds; 0 on any other backend. */
  readonly nativeTensors: number;
}

/** Call it with a backend open: tfjs would start one otherwise. */
export function tensorMemory(): TensorMemory {
  const { numTensors, numBytes } = tf.memory();
  const isNative = tf.getBackend() === 'tensorflow';
  return {
    tensors: numTensors,
    bytes: numBytes,
    nativeTensors: isNative ? nodeBackend().binding.getNumOfTensors() : 0,
  };
}

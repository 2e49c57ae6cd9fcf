/**
 * A tensor's numbers for reading at once: where they lie, if the backend keeps them in memory that
 * JavaScript sees, and a copy of them otherwise. A copy of every gradient in every step is memory
 * that the garbage collector has to find again.
 */
import * as tf from '@tensorflow/tfjs-core';

/** The wasm backend; its tensors lie in one ArrayBuffer. */
interface VisibleMemory {
  typedArrayFromHeap(tensor: tf.TensorInfo): tf.TypedArray;
}

/** @returns float32 values, valid until the next operation: do not keep or change them */
export function peekValues(tensor: tf.Tensor): Float32Array {
  const backend: Partial<VisibleMemory> = tf.backend() as object;
  return (backend.typedArrayFromHeap?.(tensor) ?? tensor.dataSync()) as Float32Array;
}

/**
 * The part of tfjs-node that lies below tfjs: its backend object and the native binding. Types only,
 * written from tfjs-node 4.22 (src/nodejs_kernel_backend.ts, binding/tfjs_backend.cc); the package
 * declares the binding as private. Whoever is given a `NodeBackend` knows that tensorflow is active.
 */
import * as tf from '@tensorflow/tfjs-core';

/** A native tensor: `dtype` is TensorFlow's DataType number. */
export interface NativeTensor {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** An attribute of an operation; `type` is one of the binding's TF_ATTR_ constants. */
export interface NativeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export type NativeValues = Float32Array | Int32Array | Uint8Array | readonly Uint8Array[];

export interface NodeBinding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  /** An aligned typed array is aliased, not copied. */
  createTensor(shape: readonly number[], dtype: number, values: NativeValues): number;
  deleteTensor(id: number): void;
  /** A copy, in an array of its own. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor[];
  getNumOfTensors(): number;
  /** @param tags separated by commas. @returns the number of a session. */
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(session: number): void;
  /** @param feeds @param fetches names like `node:0`, separated by commas. */
  runSavedModel(
    session: number,
    inputs: readonly number[],
    feeds: string,
    fetches: string,
  ): NativeTensor[];
}

export interface NodeBackend {
  /** Replaced while a step is recorded. */
  binding: NodeBinding;
  readonly isUsingGpuDevice: boolean;
  /** Uploads what tfjs holds back until the first use. */
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  /** Takes the native tensor over. */
  createOutputTensor(tensor: NativeTensor): tf.Tensor;
  getDTypeInteger(dtype: tf.DataType): number;
}

/** @throws Error where tfjs's current backend is another one. */
export function nodeBackend(): NodeBackend {
  if (tf.getBackend() !== 'tensorflow') {
    throw new Error(`tfjs's backend is ${tf.getBackend()}, not tensorflow`);
  }
  return tf.backend() as unknown as NodeBackend;
}

/**
 * Runs an operation of TensorFlow by its name, for what tfjs has no kernel for. Goes through the
 * backend's own way of executing, so that a recording of the binding sees it like any other.
 * Works while tensorflow is tfjs's backend; never reads a value.
 * @see https://www.tensorflow.org/api_docs/python/tf/raw_ops for names, attributes and outputs
 */
import type * as tf from '@tensorflow/tfjs-core';
import { nodeBackend, type NativeAttribute, type NodeBinding } from './node-backend.ts';

/** An attribute of an operation; `dtype` names one of tfjs's types. */
export type OpAttribute =
  | { readonly float: number }
  | { readonly int: number | readonly number[] }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly dtype: 'float32' | 'int32' };

export type OpAttributes = Readonly<Record<string, OpAttribute>>;

/** The attribute `T` of most operations. */
export const floats: OpAttributes = { T: { dtype: 'float32' } };

/** @returns the operation's only output, or the first where the others are not wanted */
export function nativeOp(
  name: string,
  inputs: readonly tf.TensorInfo[],
  attributes: OpAttributes = floats,
): tf.Tensor {
  const [output] = nativeOps(name, inputs, attributes, 1);
  return output!;
}

/**
 * @param outputs how many outputs the operation has
 * @returns all of them: tensors of the current scope, which the caller disposes where there is none
 */
export function nativeOps(
  name: string,
  inputs: readonly tf.TensorInfo[],
  attributes: OpAttributes,
  outputs: number,
): tf.Tensor[] {
  const backend = nodeBackend();
  const native = Object.entries(attributes).map(([key, value]) =>
    nativeAttribute(backend.binding, key, value),
  );
  const ids = backend.getInputTensorIds(inputs);
  return backend.binding
    .executeOp(name, native, ids, outputs)
    .map((tensor) => backend.createOutputTensor(tensor));
}

function nativeAttribute(
  binding: NodeBinding,
  name: string,
  attribute: OpAttribute,
): NativeAttribute {
  if ('float' in attribute) return { name, type: binding.TF_ATTR_FLOAT, value: attribute.float };
  if ('int' in attribute) return { name, type: binding.TF_ATTR_INT, value: attribute.int };
  if ('bool' in attribute) return { name, type: binding.TF_ATTR_BOOL, value: attribute.bool };
  if ('string' in attribute) return { name, type: binding.TF_ATTR_STRING, value: attribute.string };
  const value = attribute.dtype === 'float32' ? binding.TF_FLOAT : binding.TF_INT32;
  return { name, type: binding.TF_ATTR_TYPE, value };
}

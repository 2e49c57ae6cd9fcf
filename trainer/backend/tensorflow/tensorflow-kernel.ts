/**
 * What this folder replaces in tfjs while tensorflow is the backend: kernels and gradients, each
 * by the name that tfjs looks up. The casts between tfjs's loose types and an operation's own happen
 * here and nowhere else.
 */
import type * as tf from '@tensorflow/tfjs-core';

type AnyTensors = Readonly<Record<string, tf.Tensor>>;
type AnyAttributes = Readonly<Record<string, unknown>>;

export interface TensorflowKernel {
  readonly name: string;
  readonly run: (inputs: AnyTensors, attributes: AnyAttributes) => tf.TensorInfo | tf.Tensor[];
  /** Where false, tfjs-node's own kernel of that name runs. */
  readonly handles: (inputs: AnyTensors, attributes: AnyAttributes) => boolean;
}

/** tfjs hands over what its op of that name documents, so the narrower types hold. */
export function defineKernel<Inputs, Attributes = object>(
  name: string,
  run: (inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.Tensor[],
  handles: (inputs: Inputs, attributes: Attributes) => boolean = () => true,
): TensorflowKernel {
  return {
    name,
    run: (inputs, attributes) => run(inputs as Inputs, attributes as Attributes),
    handles: (inputs, attributes) => handles(inputs as Inputs, attributes as Attributes),
  };
}

/** Each is called where the gradient by that input is wanted, in a scope that keeps its result. */
export type InputGradients = Readonly<Record<string, () => tf.Tensor>>;

export interface TensorflowGradient {
  readonly name: string;
  readonly inputsToSave: readonly string[];
  /** By position. */
  readonly outputsToSave: readonly boolean[];
  /**
   * @param dy by the first output, the only one that a result may depend on.
   * @param saved the inputs in the order of `inputsToSave`, then the outputs.
   */
  readonly gradients: (
    dy: tf.Tensor,
    saved: readonly tf.Tensor[],
    attributes: AnyAttributes,
  ) => InputGradients;
}

/** @param saves what the forward pass keeps for it: the fewer, the less memory a step takes. */
export function defineGradient<Saved extends readonly tf.Tensor[], Attributes = object>(
  name: string,
  saves: { readonly inputs?: readonly string[]; readonly outputs?: readonly boolean[] },
  gradients: (dy: tf.Tensor, saved: Saved, attributes: Attributes) => InputGradients,
): TensorflowGradient {
  return {
    name,
    inputsToSave: saves.inputs ?? [],
    outputsToSave: saves.outputs ?? [],
    gradients: (dy, saved, attributes) =>
      gradients(dy, saved as unknown as Saved, attributes as Attributes),
  };
}

/**
 * SoftmaxCrossEntropyWithLogits as a kernel of tfjs: losses and their gradient by the logits in one
 * operation. trainer/model/softmax-cross-entropy.ts asks for it by name where it is registered.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { floats, nativeOps } from './native-op.ts';
import { defineKernel, type TensorflowKernel } from './tensorflow-kernel.ts';

interface Inputs {
  /** [rows, classes] */
  readonly logits: tf.Tensor;
  readonly targets: tf.Tensor;
}

/** Results: losses [rows], and softmax - targets. */
export const softmaxCrossEntropyKernel: TensorflowKernel = defineKernel<Inputs>(
  'SoftmaxCrossEntropyWithLogits',
  ({ logits, targets }) => nativeOps('SoftmaxCrossEntropyWithLogits', [logits, targets], floats, 2),
);

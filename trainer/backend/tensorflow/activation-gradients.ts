/**
 * Gradients of activations as TensorFlow's single operations, where tfjs takes two to seven. Where the
 * operation takes the activation's output it gets that: the input then has one reader, so that
 * TensorFlow fuses the activation into the convolution or product before it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { floats, nativeOp, type OpAttributes } from './native-op.ts';
import { defineGradient, type TensorflowGradient } from './tensorflow-kernel.ts';

/** The operation takes the incoming gradient first, or the activation's tensor. */
type Order = 'gradientFirst' | 'gradientLast';

const byOutput = (name: string, operation: string, order: Order): TensorflowGradient =>
  defineGradient<readonly [tf.Tensor]>(name, { outputs: [true] }, (dy, [y]) => ({
    x: () => nativeOp(operation, order === 'gradientFirst' ? [dy, y] : [y, dy]),
  }));

const byInput = <Attributes>(
  name: string,
  operation: string,
  attributesOf: (attributes: Attributes) => OpAttributes = () => floats,
): TensorflowGradient =>
  defineGradient<readonly [tf.Tensor], Attributes>(
    name,
    { inputs: ['x'] },
    (dy, [x], attributes) => ({ x: () => nativeOp(operation, [dy, x], attributesOf(attributes)) }),
  );

/** dx = y (dy - Σ dy y), with y = softmax(x). */
const softmax = defineGradient<readonly [tf.Tensor], { readonly dim: number }>(
  tf.Softmax,
  { outputs: [true] },
  (dy, [y], { dim }) => ({
    logits: () => tf.mul(tf.sub(dy, tf.sum(tf.mul(dy, y), [dim], true)), y),
  }),
);

export const activationGradients: readonly TensorflowGradient[] = [
  // Zero at zero, for input and output alike.
  byOutput(tf.Relu, 'ReluGrad', 'gradientFirst'),
  byOutput(tf.Relu6, 'Relu6Grad', 'gradientFirst'),
  byOutput(tf.Elu, 'EluGrad', 'gradientFirst'),
  byOutput(tf.Selu, 'SeluGrad', 'gradientFirst'),
  byOutput(tf.Sigmoid, 'SigmoidGrad', 'gradientLast'),
  byOutput(tf.Tanh, 'TanhGrad', 'gradientLast'),
  byOutput(tf.Sqrt, 'SqrtGrad', 'gradientLast'),
  byOutput(tf.Rsqrt, 'RsqrtGrad', 'gradientLast'),
  byInput(tf.Softplus, 'SoftplusGrad'),
  byInput<{ readonly alpha: number }>(tf.LeakyRelu, 'LeakyReluGrad', ({ alpha }) => ({
    ...floats,
    alpha: { float: alpha },
  })),
  softmax,
];

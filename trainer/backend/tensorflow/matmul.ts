/**
 * A product of two matrices as MatMul, with the bias added before the result gets a batch of one.
 * tfjs-node asks for a batch of products even of one, which TensorFlow neither fuses with a bias and
 * an activation nor hands to its fastest kernel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { nativeOp } from './native-op.ts';
import { defineKernel, type TensorflowKernel } from './tensorflow-kernel.ts';

interface Operands {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const matMul = defineKernel<Operands, Transposes>(
  tf.BatchMatMul,
  (operands, transposes) => tf.tidy(() => asBatch(multiply(operands, transposes), operands)),
  areMatrices,
);

interface FusedOperands extends Operands {
  readonly bias?: tf.Tensor;
}

interface FusedAttributes extends Transposes {
  readonly activation: string;
}

/** Those that tfjs fuses; the last two of its names take more than a tensor, and stay with it. */
const activations: ReadonlyMap<string, (x: tf.Tensor) => tf.Tensor> = new Map([
  ['linear', (x: tf.Tensor) => x],
  ['relu', tf.relu],
  ['relu6', tf.relu6],
  ['elu', tf.elu],
  ['sigmoid', tf.sigmoid],
]);

const fusedMatMul = defineKernel<FusedOperands, FusedAttributes>(
  tf._FusedMatMul,
  (operands, attributes) =>
    tf.tidy(() => {
      const product = multiply(operands, attributes);
      const sum = operands.bias === undefined ? product : tf.add(product, operands.bias);
      return asBatch(activations.get(attributes.activation)!(sum), operands);
    }),
  ({ a, b, bias }, { activation }) =>
    areMatrices({ a, b }) && (bias?.rank ?? 1) === 1 && activations.has(activation),
);

export const matMulKernels: readonly TensorflowKernel[] = [matMul, fusedMatMul];

/** Also where tfjs wraps matrices as batches of one: it does in its fused product. */
function areMatrices({ a, b }: Operands): boolean {
  return isMatrix(a) && isMatrix(b);
}

function isMatrix({ shape, dtype }: tf.Tensor): boolean {
  return dtype === 'float32' && (shape.length === 2 || (shape.length === 3 && shape[0] === 1));
}

function multiply({ a, b }: Operands, { transposeA, transposeB }: Transposes): tf.Tensor {
  const isLarge = a.size * (b.shape.at(-2) ?? 1) >= largeProduct;
  if (transposeB && !transposeA && isLarge) return multiplyTransposed(a, b);
  return nativeOp('MatMul', [asMatrix(a), asMatrix(b)], {
    T: { dtype: 'float32' },
    transpose_a: { bool: transposeA },
    transpose_b: { bool: transposeB },
  });
}

/**
 * Multiplications from which on the kernel for batches is the faster one for a · bᵀ: by a fifth for
 * 128 x 512 by 512 x 512 (34 million) with oneDNN, while the small products of an LSTM (1 million)
 * lose by it.
 */
const largeProduct = 2 ** 23;

/** a · bᵀ, what goes back to the input of a dense layer. */
function multiplyTransposed(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return nativeOp('BatchMatMulV2', [asMatrix(a), asMatrix(b)], {
    T: { dtype: 'float32' },
    adj_x: { bool: false },
    adj_y: { bool: true },
  });
}

function asMatrix(x: tf.Tensor): tf.Tensor {
  return x.shape.length === 2 ? x : tf.reshape(x, x.shape.slice(1));
}

function asBatch(matrix: tf.Tensor, { a, b }: Operands): tf.Tensor {
  const isBatch = a.shape.length === 3 || b.shape.length === 3;
  return isBatch ? tf.reshape(matrix, [1, ...matrix.shape]) : matrix;
}

/**
 * Matrix products, plain and with transposed operands, as every dense layer has them forward and
 * backward. tfjs's own kernel on wasm takes XNNPACK for plain products only and a naive loop for
 * the transposed ones.
 */
import { broadcast_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel, requireFloats, type KernelContext } from './wasm-kernel.ts';
import { floatBytes, sizeOf } from './heap.ts';
import { withDenseProduct } from './dense-product.ts';
import type { Finish } from './product.ts';

interface Operands {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
}

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly steps: number;
}

function sizesOf({ a, b }: Operands, { transposeA, transposeB }: MatMulAttributes): Sizes {
  const [aRows = 1, aColumns = 1] = a.shape.slice(-2);
  const [bRows = 1, bColumns = 1] = b.shape.slice(-2);
  return {
    rows: transposeA ? aColumns : aRows,
    steps: transposeA ? aRows : aColumns,
    columns: transposeB ? bRows : bColumns,
  };
}

/** Products over all leading dimensions; one of the operands may have fewer of them. */
function multiplyBatches(
  context: KernelContext,
  operands: Operands,
  attributes: MatMulAttributes,
  finish: Pick<Finish, 'bias' | 'isRelu'> = {},
): TensorInfo {
  const { heap } = context;
  const { a, b } = operands;
  const { transposeA, transposeB } = attributes;
  const sizes = sizesOf(operands, attributes);
  const { rows, columns, steps } = sizes;
  const outer = broadcast_util.assertAndGetBroadcastShape(
    a.shape.slice(0, -2),
    b.shape.slice(0, -2),
  );
  const shape = [...outer, rows, columns];
  if (steps === 0 || sizeOf(shape) === 0) return heap.allocateZeros(shape);
  const output = heap.allocateOutput(shape);
  const [aBatches, bBatches] = [sizeOf(a.shape.slice(0, -2)), sizeOf(b.shape.slice(0, -2))];
  const matrixAt = (address: number, index: number, size: number): number =>
    address + index * size * floatBytes;
  withDenseProduct(context, { ...sizes, ...finish, transposeA, transposeB }, (multiply) => {
    for (let batch = 0; batch < Math.max(aBatches, bBatches); batch++) {
      multiply(
        matrixAt(heap.addressOf(a), batch % aBatches, rows * steps),
        matrixAt(heap.addressOf(b), batch % bBatches, steps * columns),
        matrixAt(heap.addressOf(output), batch, rows * columns),
      );
    }
  });
  return output;
}

export const batchMatMul = defineKernel<Operands, MatMulAttributes>(
  'BatchMatMul',
  (context, operands, attributes) => {
    requireFloats('BatchMatMul', { a: operands.a, b: operands.b });
    return multiplyBatches(context, operands, attributes);
  },
);

interface FusedAttributes extends MatMulAttributes {
  readonly activation?: string;
}

/** A dense layer's forward pass where tfjs-layers fuses it; activations besides relu are tfjs's. */
export const fusedMatMul = defineKernel<
  Operands & { readonly bias?: TensorInfo; readonly preluActivationWeights?: TensorInfo },
  FusedAttributes
>(
  '_FusedMatMul',
  (context, { a, b, bias }, attributes) =>
    multiplyBatches(context, { a, b }, attributes, {
      bias: bias === undefined ? 0 : context.heap.addressOf(bias),
      isRelu: attributes.activation === 'relu',
    }),
  ({ a, b, bias, preluActivationWeights }, { activation }) =>
    a.dtype === 'float32' &&
    b.dtype === 'float32' &&
    preluActivationWeights === undefined &&
    (activation === undefined || activation === 'linear' || activation === 'relu') &&
    (bias === undefined || (bias.dtype === 'float32' && sizeOf(bias.shape) === b.shape.at(-1))),
);

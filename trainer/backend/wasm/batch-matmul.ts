/**
 * Matrix products with transposed operands, as every dense layer's gradient has them. tfjs's own
 * kernel on wasm takes XNNPACK for plain products only and a naive loop for the transposed ones.
 */
import { broadcast_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel, requireFloats, type KernelContext } from './wasm-kernel.ts';
import { floatBytes, sizeOf, type Heap } from './heap.ts';

interface Matrix {
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
}

function lastTwo(shape: readonly number[]): { rows: number; columns: number } {
  const [rows = 1, columns = 1] = shape.slice(-2);
  return { rows, columns };
}

function transpose(heap: Heap, { address, rows, columns }: Matrix, target: number): Matrix {
  const floats = heap.floats();
  const from = address / floatBytes;
  const to = target / floatBytes;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      floats[to + column * rows + row] = floats[from + row * columns + column]!;
    }
  }
  return { address: target, rows: columns, columns: rows };
}

/** C += op(A)·B, where op transposes A or not. */
function addProduct(
  { loops }: KernelContext,
  a: Matrix,
  b: Matrix,
  o: { transposeA: boolean; c: number },
): void {
  const [aRow, bRow] = [a.columns * floatBytes, b.columns * floatBytes];
  if (o.transposeA) {
    loops.matmulTransposed(
      ...[a.columns, b.columns, 1, a.rows],
      ...[a.address, 0, aRow, b.address, 0, bRow, o.c, bRow],
    );
  } else {
    loops.matmul(a.rows, b.columns, a.columns, a.address, aRow, b.address, bRow, o.c, bRow);
  }
}

export const batchMatMul = defineKernel<
  { a: TensorInfo; b: TensorInfo },
  { readonly transposeA: boolean; readonly transposeB: boolean }
>('BatchMatMul', (context, { a, b }, { transposeA, transposeB }) => {
  requireFloats('BatchMatMul', { a, b });
  const { heap } = context;
  const [aSize, bSize] = [lastTwo(a.shape), lastTwo(b.shape)];
  const rows = transposeA ? aSize.columns : aSize.rows;
  const columns = transposeB ? bSize.rows : bSize.columns;
  const [aBatches, bBatches] = [sizeOf(a.shape.slice(0, -2)), sizeOf(b.shape.slice(0, -2))];
  const outer = broadcast_util.assertAndGetBroadcastShape(
    a.shape.slice(0, -2),
    b.shape.slice(0, -2),
  );
  const output = heap.allocateZeros([...outer, rows, columns]);
  const inner = transposeA ? aSize.rows : aSize.columns;
  if (inner === 0) return output;
  const matrixBytes = (size: { rows: number; columns: number }): number =>
    size.rows * size.columns * floatBytes;
  heap.withScratch(transposeB ? bSize.rows * bSize.columns : 1, (scratch) => {
    for (let batch = 0; batch < Math.max(aBatches, bBatches); batch++) {
      const left = {
        ...aSize,
        address: heap.addressOf(a) + (batch % aBatches) * matrixBytes(aSize),
      };
      const right = {
        ...bSize,
        address: heap.addressOf(b) + (batch % bBatches) * matrixBytes(bSize),
      };
      const c = heap.addressOf(output) + batch * rows * columns * floatBytes;
      addProduct(context, left, transposeB ? transpose(heap, right, scratch) : right, {
        transposeA,
        c,
      });
    }
  });
  return output;
});

/**
 * Adding a bias to rows, and its gradient, the sum of rows. tfjs's own kernels on wasm look up
 * every number's indices to broadcast, and transpose the whole tensor before such a sum.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from './heap.ts';
import { inStrips } from './strips.ts';
import { defineKernel } from './wasm-kernel.ts';

interface Operands {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
}

/** True where b is one row of a, with at most leading dimensions of 1 before it. */
function isRowOf(b: TensorInfo, a: TensorInfo): boolean {
  const columns = a.shape.at(-1);
  return (
    a.shape.length > 1 &&
    b.shape.length <= a.shape.length &&
    columns === b.shape.at(-1) &&
    sizeOf(b.shape) === columns
  );
}

function areFloats({ a, b }: Operands): boolean {
  return a.dtype === 'float32' && b.dtype === 'float32' && sizeOf(a.shape) > 0;
}

export const addBias = defineKernel<Operands, object>(
  'Add',
  ({ heap, loops }, { a, b }) => {
    const columns = sizeOf(b.shape);
    const rows = sizeOf(a.shape) / columns;
    const output = heap.allocateOutput(a.shape);
    const [from, to, bias] = [a, output, b].map(heap.addressOf) as [number, number, number];
    inStrips({ rows, columns }, (offset, count) => {
      loops.addRow(count, columns, from + offset, to + offset, bias);
    });
    return output;
  },
  (operands) => areFloats(operands) && isRowOf(operands.b, operands.a),
);

interface SumAttributes {
  /** All of them where undefined. */
  readonly axis?: number | readonly number[] | null;
  readonly keepDims?: boolean;
}

function reducedAxes({ x }: { x: TensorInfo }, { axis }: SumAttributes): number[] {
  const rank = x.shape.length;
  const axes = typeof axis === 'number' ? [axis] : (axis ?? x.shape.keys());
  return Array.from(axes, (index) => (index + rank) % rank).sort((one, two) => one - two);
}

/** Sums over leading axes: all rows of the tensor seen as a matrix. */
export const sumRows = defineKernel<{ x: TensorInfo }, SumAttributes>(
  'Sum',
  ({ heap, loops }, inputs, attributes) => {
    const { x } = inputs;
    const { length: reduced } = reducedAxes(inputs, attributes);
    const kept = x.shape.slice(reduced);
    const columns = sizeOf(kept);
    const ones = attributes.keepDims === true ? new Array<number>(reduced).fill(1) : [];
    const shape = [...ones, ...kept];
    if (sizeOf(shape) === sizeOf(x.shape)) return { ...heap.share(x), shape };
    const output = heap.allocateZeros(shape);
    const rows = sizeOf(x.shape.slice(0, reduced));
    const [from, to] = [heap.addressOf(x), heap.addressOf(output)];
    // Sums of sums, strip by strip: the error grows with the longest run of additions.
    inStrips({ rows, columns }, (offset, count) => {
      loops.sumOfRows(count, columns, from + offset, to);
    });
    return output;
  },
  (inputs, attributes) => {
    const { x } = inputs;
    const axes = reducedAxes(inputs, attributes);
    const areLeading = axes.every((axis, index) => axis === index);
    return (
      x.dtype === 'float32' &&
      sizeOf(x.shape) > 0 &&
      areLeading &&
      axes.length > 0 &&
      axes.length < x.shape.length
    );
  },
);

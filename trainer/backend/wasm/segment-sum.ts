/**
 * Sums of rows by segment: the gradient of a gather, thus of an embedding. Missing in tfjs's wasm
 * backend. As on the other backends, an index outside [0, numSegments) adds nothing.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from './wasm-kernel.ts';
import { floatBytes, sizeOf } from './heap.ts';

export const unsortedSegmentSum = defineKernel<
  { x: TensorInfo; segmentIds: TensorInfo },
  { readonly numSegments: number }
>('UnsortedSegmentSum', ({ heap }, { x, segmentIds }, { numSegments }) => {
  const [rows = 1, ...rowShape] = x.shape;
  if (segmentIds.shape.length !== 1 || segmentIds.shape[0] !== rows) {
    const shapes = `[${segmentIds.shape.join(', ')}] for x of [${x.shape.join(', ')}]`;
    throw new RangeError(
      `UnsortedSegmentSum: segmentIds must hold one index per row of x, but has shape ${shapes}.`,
    );
  }
  const output = heap.allocateZeros([numSegments, ...rowShape]);
  const rowSize = sizeOf(rowShape);
  const sums = heap.floats();
  const values = x.dtype === 'float32' ? sums : heap.integers();
  const ids = heap.integers();
  const firstId = heap.addressOf(segmentIds) / floatBytes;
  const firstValue = heap.addressOf(x) / floatBytes;
  const firstSum = heap.addressOf(output) / floatBytes;
  for (let row = 0; row < rows; row++) {
    const segment = ids[firstId + row]!;
    if (segment < 0 || segment >= numSegments) continue;
    const from = firstValue + row * rowSize;
    const to = firstSum + segment * rowSize;
    for (let index = 0; index < rowSize; index++) sums[to + index]! += values[from + index]!;
  }
  return output;
});

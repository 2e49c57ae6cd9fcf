/**
 * Cutting tensors into parts without a detour: tfjs's own kernels on wasm copy the whole tensor out
 * of the memory for each part, which made the split of an optimizer's flat update a third of a step.
 */
import { backend_util, slice_util, util, type TensorInfo } from '@tensorflow/tfjs-core';
import { floatBytes, sizeOf, type Heap } from './heap.ts';
import { defineKernel } from './wasm-kernel.ts';

interface Part {
  readonly begin: readonly number[];
  readonly size: readonly number[];
}

function cut(heap: Heap, x: TensorInfo, { begin, size }: Part): TensorInfo {
  const output = heap.allocateOutput(size);
  const count = sizeOf(size);
  if (count === 0) return output;
  // Behind this axis everything is taken, so that a piece along it lies in one run.
  const whole = x.shape.findLastIndex((length, axis) => length !== size[axis]);
  const axis = Math.max(0, whole);
  const strides = x.shape.map((_, index) => sizeOf(x.shape.slice(index + 1)));
  const run = sizeOf(size.slice(axis));
  const floats = heap.floats();
  const source = heap.addressOf(x) / floatBytes;
  const target = heap.addressOf(output) / floatBytes;
  for (let done = 0; done < count; done += run) {
    let from = source;
    let left = done / run;
    for (let outer = axis; outer >= 0; outer--) {
      // The run itself begins where the part does.
      const index = outer === axis ? 0 : left % size[outer]!;
      if (outer !== axis) left = Math.floor(left / size[outer]!);
      from += (begin[outer]! + index) * strides[outer]!;
    }
    floats.copyWithin(target + done, from, from + run);
  }
  return output;
}

const isFloat = ({ x }: { readonly x: TensorInfo }): boolean => x.dtype === 'float32';

export const slice = defineKernel<{ x: TensorInfo }, { begin: number[]; size: number[] }>(
  'Slice',
  ({ heap }, { x }, attributes) => {
    // A size of -1 is "up to the end".
    const [begin = [], size = []] = slice_util.parseSliceParams(
      x as Parameters<typeof slice_util.parseSliceParams>[0],
      attributes.begin,
      attributes.size,
    );
    return cut(heap, x, { begin, size });
  },
  isFloat,
);

export const split = defineKernel<
  { x: TensorInfo },
  { readonly numOrSizeSplits: number | number[]; readonly axis: number }
>(
  'SplitV',
  ({ heap }, { x }, attributes) => {
    const axis = util.parseAxisParam(attributes.axis, x.shape)[0]!;
    const lengths = backend_util.prepareSplitSize(
      x as Parameters<typeof backend_util.prepareSplitSize>[0],
      attributes.numOrSizeSplits,
      axis,
    );
    let start = 0;
    return lengths.map((length) => {
      const begin = x.shape.map((_, index) => (index === axis ? start : 0));
      const size = x.shape.map((full, index) => (index === axis ? length : full));
      start += length;
      return cut(heap, x, { begin, size });
    });
  },
  isFloat,
);

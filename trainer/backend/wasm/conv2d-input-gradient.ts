/**
 * The gradient of a 2-D convolution with respect to its input. tfjs's own kernel on wasm is a plain
 * loop over single numbers, about eight times slower than these products of rows.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  describe,
  inputImages,
  outputImages,
  type ConvAttributes,
  type ConvInfo,
} from './conv2d-geometry.ts';
import {
  defineKernel,
  requireChannelsLast,
  requireFloats,
  type KernelContext,
} from './wasm-kernel.ts';
import { floatBytes, type Heap } from './heap.ts';
import { collectInside, imageBytes, lineBytes, withBorder, type Images } from './images.ts';

/** One gradient to compute; `dy` and `filter` are addresses. */
interface Task {
  readonly info: ConvInfo;
  readonly dy: number;
  readonly filter: number;
  readonly dx: Images;
}

/** Writes each tap of the filter as a [co, ci] matrix, in the filter's order or turned by 180°. */
function transposeTaps(
  heap: Heap,
  { info, filter }: Task,
  target: number,
  isTurned: boolean,
): void {
  const floats = heap.floats();
  const { inChannels, outChannels } = info;
  const tapSize = inChannels * outChannels;
  const taps = info.filterHeight * info.filterWidth;
  for (let index = 0; index < taps * tapSize; index++) {
    const tap = Math.floor(index / tapSize);
    const input = Math.floor((index % tapSize) / outChannels);
    const output = index % outChannels;
    const to = (isTurned ? taps - 1 - tap : tap) * tapSize + output * inChannels + input;
    floats[target / floatBytes + to] = floats[filter / floatBytes + index]!;
  }
}

/** Stride 1: a convolution of dy with the filter turned by 180°; one product per filter row. */
function gather({ heap, loops }: KernelContext, task: Task): void {
  const { info, dy, dx } = task;
  const { filterHeight, filterWidth, inChannels, outChannels, padInfo } = info;
  const border = {
    top: filterHeight - 1 - padInfo.top,
    bottom: dx.height - info.outHeight + padInfo.top,
    left: filterWidth - 1 - padInfo.left,
    right: dx.width - info.outWidth + padInfo.left,
  };
  const rowNumbers = filterWidth * outChannels;
  const pixelBytes = inChannels * floatBytes;
  heap.fillZeros(dx.address, dx.count * dx.height * dx.width * dx.channels);
  heap.withScratch(filterHeight * rowNumbers * inChannels, (turned) => {
    transposeTaps(heap, task, turned, true);
    withBorder(heap, outputImages(info, dy), border, (output) => {
      const addRow = (image: number, y: number, row: number): void =>
        loops.matmul(
          ...[dx.width, inChannels, rowNumbers],
          output.address + image * imageBytes(output) + (y + row) * lineBytes(output),
          outChannels * floatBytes,
          ...[turned + row * rowNumbers * pixelBytes, pixelBytes],
          dx.address + image * imageBytes(dx) + y * lineBytes(dx),
          pixelBytes,
        );
      for (let line = 0; line < dx.count * dx.height; line++) {
        const image = Math.floor(line / dx.height);
        for (let row = 0; row < filterHeight; row++) addRow(image, line % dx.height, row);
      }
    });
  });
}

/** Any stride: every pixel of dy adds its products to the inputs that it was computed from. */
function scatter({ heap, loops }: KernelContext, task: Task): void {
  const { info, dy, dx } = task;
  const { filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth } = info;
  const pixelBytes = inChannels * floatBytes;
  const output = outputImages(info, dy);
  heap.withScratch(filterHeight * filterWidth * inChannels * outChannels, (taps) => {
    transposeTaps(heap, task, taps, false);
    collectInside(heap, dx, info.padInfo, (input) => {
      const addTap = (line: number, row: number, column: number): void => {
        const imageAt = input.address + Math.floor(line / outHeight) * imageBytes(input);
        const inputRow = (line % outHeight) * info.strideHeight + row;
        loops.matmul(
          ...[outWidth, inChannels, outChannels],
          ...[output.address + line * lineBytes(output), outChannels * floatBytes],
          ...[taps + (row * filterWidth + column) * outChannels * pixelBytes, pixelBytes],
          imageAt + inputRow * lineBytes(input) + column * pixelBytes,
          info.strideWidth * pixelBytes,
        );
      };
      for (let line = 0; line < info.batchSize * outHeight; line++) {
        for (let row = 0; row < filterHeight; row++) {
          for (let column = 0; column < filterWidth; column++) addTap(line, row, column);
        }
      }
    });
  });
}

export const conv2dBackpropInput = defineKernel<
  { dy: TensorInfo; filter: TensorInfo },
  ConvAttributes & { readonly inputShape: readonly number[] }
>('Conv2DBackpropInput', (context, { dy, filter }, attributes) => {
  requireFloats('Conv2DBackpropInput', { dy, filter });
  requireChannelsLast('Conv2DBackpropInput', attributes.dataFormat);
  const { heap } = context;
  const info = describe(attributes.inputShape, filter.shape, attributes);
  const gradient = heap.allocateOutput(attributes.inputShape);
  const dx = inputImages(info, heap.addressOf(gradient));
  const task = { info, dx, dy: heap.addressOf(dy), filter: heap.addressOf(filter) };
  const isDense = info.strideHeight === 1 && info.strideWidth === 1;
  (isDense ? gather : scatter)(context, task);
  return gradient;
});

/**
 * Gradients of a 2-D convolution as products of rows. With channels last, the taps of one filter
 * row read neighbouring numbers, so a filter row is one product instead of one per tap.
 * The filter's gradient is missing in tfjs's wasm backend; the input's there is a plain loop over
 * channels, about ten times slower.
 */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel, requireChannelsLast, requireFloats, type KernelContext } from './gradient-kernel.ts';
import { floatBytes } from './heap.ts';
import { collectInside, imageBytes, lineBytes, withBorder, type Images } from './images.ts';

type ConvInfo = backend_util.Conv2DInfo;
type Padding = Parameters<typeof backend_util.computeConv2DInfo>[4];

interface ConvAttributes {
  readonly strides: number | [number, number];
  readonly pad: Padding;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4 = [number, number, number, number];

function describe(input: readonly number[], filter: readonly number[], attributes: ConvAttributes): ConvInfo {
  const { strides, pad, dimRoundingMode } = attributes;
  return backend_util.computeConv2DInfo(
    ...([[...input] as Shape4, [...filter] as Shape4, strides, 1, pad, dimRoundingMode, false] as const),
  );
}

function inputImages(info: ConvInfo, address: number): Images {
  const { batchSize: count, inHeight: height, inWidth: width, inChannels: channels } = info;
  return { address, count, height, width, channels };
}

function outputImages(info: ConvInfo, address: number): Images {
  const { batchSize: count, outHeight: height, outWidth: width, outChannels: channels } = info;
  return { address, count, height, width, channels };
}

/** filter[ky, kx·ci, co] = Σ over pixels of x[pixel + tap, ci] · dy[pixel, co]. */
export const conv2dBackpropFilter = defineKernel<
  { x: TensorInfo; dy: TensorInfo },
  ConvAttributes & { readonly filterShape: readonly number[] }
>('Conv2DBackpropFilter', ({ heap, loops }, { x, dy }, attributes) => {
  requireFloats('Conv2DBackpropFilter', { x, dy });
  requireChannelsLast('Conv2DBackpropFilter', attributes.dataFormat);
  const info = describe(x.shape, attributes.filterShape, attributes);
  const gradient = heap.allocateZeros(info.filterShape);
  const rowNumbers = info.filterWidth * info.inChannels;
  const columnBytes = info.outChannels * floatBytes;
  withBorder(heap, inputImages(info, heap.addressOf(x)), info.padInfo, (input) => {
    const output = outputImages(info, heap.addressOf(dy));
    for (let image = 0; image < info.batchSize; image++) {
      for (let row = 0; row < info.filterHeight; row++) {
        loops.matmulTransposed(
          ...[rowNumbers, info.outChannels, info.outHeight, info.outWidth],
          input.address + image * imageBytes(input) + row * lineBytes(input),
          ...[info.strideHeight * lineBytes(input), info.strideWidth * info.inChannels * floatBytes],
          ...[output.address + image * imageBytes(output), lineBytes(output), columnBytes],
          ...[heap.addressOf(gradient) + row * rowNumbers * columnBytes, columnBytes],
        );
      }
    }
  });
  return gradient;
});

/** Writes the filter's taps as [co, ci] matrices, rows then columns in the order of `tapAt`. */
function transposeTaps(
  { heap }: KernelContext,
  info: ConvInfo,
  filter: number,
  target: number,
  tapAt: (row: number, column: number) => number,
): void {
  const floats = heap.floats();
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const tapSize = inChannels * outChannels;
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const from = filter / floatBytes + (row * filterWidth + column) * tapSize;
      const to = target / floatBytes + tapAt(row, column) * tapSize;
      for (let input = 0; input < inChannels; input++) {
        for (let output = 0; output < outChannels; output++) {
          floats[to + output * inChannels + input] = floats[from + input * outChannels + output]!;
        }
      }
    }
  }
}

/** Stride 1: a convolution of dy with the filter turned by 180°; one product per filter row. */
function gather(context: KernelContext, info: ConvInfo, dy: number, filter: number, dx: Images): void {
  const { heap, loops } = context;
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
  const taps = filterHeight * filterWidth;
  heap.withScratch(taps * inChannels * outChannels, (turned) => {
    transposeTaps(context, info, filter, turned, (row, column) => taps - 1 - (row * filterWidth + column));
    withBorder(heap, outputImages(info, dy), border, (output) => {
      for (let line = 0; line < dx.count * dx.height; line++) {
        const image = Math.floor(line / dx.height);
        const outputLine = output.address + image * imageBytes(output) + (line % dx.height) * lineBytes(output);
        for (let row = 0; row < filterHeight; row++) {
          loops.matmul(
            ...[dx.width, inChannels, rowNumbers],
            ...[outputLine + row * lineBytes(output), outChannels * floatBytes],
            ...[turned + row * rowNumbers * pixelBytes, pixelBytes],
            ...[dx.address + line * lineBytes(dx), pixelBytes],
          );
        }
      }
    });
  });
}

/** Any stride: every pixel of dy adds its products to the inputs that it was computed from. */
function scatter(context: KernelContext, info: ConvInfo, dy: number, filter: number, dx: Images): void {
  const { heap, loops } = context;
  const { filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth } = info;
  const pixelBytes = inChannels * floatBytes;
  const output = outputImages(info, dy);
  heap.withScratch(filterHeight * filterWidth * inChannels * outChannels, (taps) => {
    transposeTaps(context, info, filter, taps, (row, column) => row * filterWidth + column);
    collectInside(heap, dx, info.padInfo, (bordered) => {
      const addTap = (line: number, row: number, column: number): void => {
        const image = Math.floor(line / outHeight);
        const inputRow = (line % outHeight) * info.strideHeight + row;
        loops.matmul(
          ...[outWidth, inChannels, outChannels],
          ...[output.address + line * lineBytes(output), outChannels * floatBytes],
          ...[taps + (row * filterWidth + column) * outChannels * pixelBytes, pixelBytes],
          bordered.address + image * imageBytes(bordered) + inputRow * lineBytes(bordered) + column * pixelBytes,
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
  const isDense = info.strideHeight === 1 && info.strideWidth === 1;
  (isDense ? gather : scatter)(context, info, heap.addressOf(dy), heap.addressOf(filter), dx);
  return gradient;
});

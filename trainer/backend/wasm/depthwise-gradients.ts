/**
 * Gradients of a depthwise 2-D convolution, which tfjs's wasm backend lacks. With a channel
 * multiplier q the input is repeated q times per channel, so both loops always work on
 * channels·q independent channels. Dilations are honoured (the `cpu` backend ignores them).
 */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel, requireFloats, type KernelContext } from './wasm-kernel.ts';
import { floatBytes, type Heap } from './heap.ts';
import { collectInside, imageBytes, lineBytes, withBorder, type Images } from './images.ts';

type ConvInfo = backend_util.Conv2DInfo;

interface DepthwiseAttributes {
  readonly strides: number | [number, number];
  readonly pad: Parameters<typeof backend_util.computeConv2DInfo>[4];
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4 = [number, number, number, number];

function describe(
  input: readonly number[],
  filter: readonly number[],
  attributes: DepthwiseAttributes,
): ConvInfo {
  const { strides, pad, dimRoundingMode, dilations = 1 } = attributes;
  return backend_util.computeConv2DInfo(
    ...([
      [...input] as Shape4,
      [...filter] as Shape4,
      strides,
      dilations,
      pad,
      dimRoundingMode,
      true,
    ] as const),
  );
}

/** The input's geometry with one channel per output channel. */
function repeatedImages(info: ConvInfo, address: number): Images {
  const { batchSize: count, inHeight: height, inWidth: width, outChannels: channels } = info;
  return { address, count, height, width, channels };
}

function withRepeatedChannels<T>(heap: Heap, info: ConvInfo, x: number, work: (x: Images) => T): T {
  const times = info.outChannels / info.inChannels;
  if (times === 1) return work(repeatedImages(info, x));
  const size = info.batchSize * info.inHeight * info.inWidth * info.inChannels;
  return heap.withScratch(size * times, (address) => {
    const floats = heap.floats();
    for (let index = 0; index < size; index++) {
      const to = address / floatBytes + index * times;
      floats.fill(floats[x / floatBytes + index]!, to, to + times);
    }
    return work(repeatedImages(info, address));
  });
}

/** Calls one of the loops for each tap of the filter on each image. */
function overTaps(
  { loops }: KernelContext,
  info: ConvInfo,
  loop: 'depthwiseFilterLoop' | 'depthwiseInputLoop',
  at: { readonly input: Images; readonly dy: number; readonly filter: number },
): void {
  const { input } = at;
  const pixelBytes = info.outChannels * floatBytes;
  const outputLine = info.outWidth * pixelBytes;
  for (let image = 0; image < info.batchSize; image++) {
    const imageAt = input.address + image * imageBytes(input);
    for (let tap = 0; tap < info.filterHeight * info.filterWidth; tap++) {
      const row = Math.floor(tap / info.filterWidth) * info.dilationHeight;
      const column = (tap % info.filterWidth) * info.dilationWidth;
      loops[loop](
        ...[info.outChannels, info.outHeight, info.outWidth],
        imageAt + row * lineBytes(input) + column * pixelBytes,
        ...[info.strideHeight * lineBytes(input), info.strideWidth * pixelBytes],
        ...[at.dy + image * info.outHeight * outputLine, outputLine, pixelBytes],
        at.filter + tap * pixelBytes,
      );
    }
  }
}

export const depthwiseBackpropFilter = defineKernel<
  { x: TensorInfo; dy: TensorInfo },
  DepthwiseAttributes & { readonly filterShape: readonly number[] }
>('DepthwiseConv2dNativeBackpropFilter', (context, { x, dy }, attributes) => {
  requireFloats('DepthwiseConv2dNativeBackpropFilter', { x, dy });
  const { heap } = context;
  const info = describe(x.shape, attributes.filterShape, attributes);
  const gradient = heap.allocateZeros(info.filterShape);
  withRepeatedChannels(heap, info, heap.addressOf(x), (repeated) => {
    withBorder(heap, repeated, info.padInfo, (input) => {
      const at = { input, dy: heap.addressOf(dy), filter: heap.addressOf(gradient) };
      overTaps(context, info, 'depthwiseFilterLoop', at);
    });
  });
  return gradient;
});

/** target[i] = Σ of the `times` numbers from source[i·times]. */
function sumGroups(
  heap: Heap,
  source: number,
  target: number,
  o: { count: number; times: number },
): void {
  const floats = heap.floats();
  for (let index = 0; index < o.count; index++) {
    let sum = 0;
    const from = source / floatBytes + index * o.times;
    for (let group = 0; group < o.times; group++) sum += floats[from + group]!;
    floats[target / floatBytes + index] = sum;
  }
}

export const depthwiseBackpropInput = defineKernel<
  { dy: TensorInfo; filter: TensorInfo },
  DepthwiseAttributes & { readonly inputShape: readonly number[] }
>('DepthwiseConv2dNativeBackpropInput', (context, { dy, filter }, attributes) => {
  requireFloats('DepthwiseConv2dNativeBackpropInput', { dy, filter });
  const { heap } = context;
  const info = describe(attributes.inputShape, filter.shape, attributes);
  const gradient = heap.allocateOutput(attributes.inputShape);
  const dx = heap.addressOf(gradient);
  const add = (input: Images): void =>
    overTaps(context, info, 'depthwiseInputLoop', {
      input,
      dy: heap.addressOf(dy),
      filter: heap.addressOf(filter),
    });
  const times = info.outChannels / info.inChannels;
  if (times === 1) {
    collectInside(heap, repeatedImages(info, dx), info.padInfo, add);
    return gradient;
  }
  const count = info.batchSize * info.inHeight * info.inWidth * info.inChannels;
  heap.withScratch(count * times, (address) => {
    collectInside(heap, repeatedImages(info, address), info.padInfo, add);
    sumGroups(heap, address, dx, { count, times });
  });
  return gradient;
});

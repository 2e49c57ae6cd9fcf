/** The gradient of 2-D max pooling; tfjs's own on wasm is several times slower. */
import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel, requireFloats } from './wasm-kernel.ts';
import { floatBytes } from './heap.ts';

type PoolArguments = Parameters<typeof backend_util.computePool2DInfo>;

interface PoolAttributes {
  readonly filterSize: PoolArguments[1];
  readonly strides: PoolArguments[2];
  readonly pad: PoolArguments[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

export const maxPoolGradient = defineKernel<
  { dy: TensorInfo; input: TensorInfo; output: TensorInfo },
  PoolAttributes
>('MaxPoolGrad', ({ heap, loops }, { dy, input, output }, attributes) => {
  requireFloats('MaxPoolGrad', { dy, input, output });
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const shape = input.shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const gradient = heap.allocateZeros(shape);
  const inputBytes = info.inHeight * info.inWidth * info.inChannels * floatBytes;
  const outputBytes = info.outHeight * info.outWidth * info.inChannels * floatBytes;
  for (let image = 0; image < info.batchSize; image++) {
    loops.maxPoolLoop(
      heap.addressOf(input) + image * inputBytes,
      heap.addressOf(output) + image * outputBytes,
      heap.addressOf(dy) + image * outputBytes,
      heap.addressOf(gradient) + image * inputBytes,
      info.inChannels,
      ...[info.inHeight, info.outHeight, info.strideHeight, info.filterHeight, info.padInfo.top],
      ...[info.inWidth, info.outWidth, info.strideWidth, info.filterWidth, info.padInfo.left],
    );
  }
  return gradient;
});

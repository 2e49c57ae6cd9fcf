/** The gradient of 2-D max pooling; tfjs's own on wasm is several times slower. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { describePool, type PoolAttributes } from '../pool-geometry.ts';
import { floatBytes } from './heap.ts';
import { defineKernel, requireFloats } from './wasm-kernel.ts';

export const maxPoolGradient = defineKernel<
  { dy: TensorInfo; input: TensorInfo; output: TensorInfo },
  PoolAttributes
>('MaxPoolGrad', ({ heap, loops }, { dy, input, output }, attributes) => {
  requireFloats('MaxPoolGrad', { dy, input, output });
  const info = describePool(input.shape, attributes);
  const gradient = heap.allocateZeros(input.shape);
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

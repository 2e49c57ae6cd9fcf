/**
 * The gradient of a 2-D convolution with respect to its filter, which tfjs's wasm backend lacks.
 * With channels last, the taps of one filter row read neighbouring numbers, so a filter row is one
 * product of matrices instead of one per tap.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { describe, inputImages, outputImages, type ConvAttributes } from './conv2d-geometry.ts';
import { defineKernel, requireChannelsLast, requireFloats } from './wasm-kernel.ts';
import { floatBytes } from './heap.ts';
import { imageBytes, lineBytes, withBorder } from './images.ts';

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
          ...[
            info.strideHeight * lineBytes(input),
            info.strideWidth * info.inChannels * floatBytes,
          ],
          ...[output.address + image * imageBytes(output), lineBytes(output), columnBytes],
          ...[heap.addressOf(gradient) + row * rowNumbers * columnBytes, columnBytes],
        );
      }
    }
  });
  return gradient;
});

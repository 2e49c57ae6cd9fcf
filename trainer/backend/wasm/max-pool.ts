/**
 * 2-D max pooling where it leaves one of 2 x 2 pixels, and its gradient for any window; tfjs's own
 * gradient on wasm is several times slower.
 */
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { describePool, type PoolAttributes } from '../pool-geometry.ts';
import { floatBytes, sizeOf } from './heap.ts';
import { defineKernel, requireFloats, type KernelContext } from './wasm-kernel.ts';

/** True where windows of 2 x 2 cover the image without overlap or rest. */
function isQuartered(info: backend_util.Conv2DInfo): boolean {
  const isTwo = [info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth].every(
    (size) => size === 2,
  );
  return (
    isTwo &&
    info.inHeight === 2 * info.outHeight &&
    info.inWidth === 2 * info.outWidth &&
    sizeOf(info.outShape) > 0
  );
}

export const maxPool = defineKernel<{ x: TensorInfo }, PoolAttributes>(
  'MaxPool',
  ({ heap, loops }, { x }, attributes) => {
    const info = describePool(x.shape, attributes);
    const output = heap.allocateOutput(info.outShape);
    loops.quarterMaximum(
      ...[info.batchSize * info.outHeight, info.outWidth, info.inChannels],
      ...[heap.addressOf(x), heap.addressOf(output)],
    );
    return output;
  },
  ({ x }, attributes) => x.dtype === 'float32' && isQuartered(describePool(x.shape, attributes)),
);

interface GradientInputs {
  readonly dy: TensorInfo;
  readonly input: TensorInfo;
  readonly output: TensorInfo;
}

export const maxPoolGradient = defineKernel<GradientInputs, PoolAttributes>(
  'MaxPoolGrad',
  (context, inputs, attributes) => {
    const { dy, input, output } = inputs;
    requireFloats('MaxPoolGrad', { dy, input, output });
    const { heap, loops } = context;
    const info = describePool(input.shape, attributes);
    if (!isQuartered(info)) return anyGradient(context, inputs, info);
    const gradient = heap.allocateOutput(input.shape);
    loops.quarterMaximumGradient(
      ...[info.batchSize * info.outHeight, info.outWidth, info.inChannels],
      ...[input, gradient, output, dy].map(heap.addressOf),
    );
    return gradient;
  },
);

function anyGradient(
  { heap, loops }: KernelContext,
  { dy, input, output }: GradientInputs,
  info: backend_util.Conv2DInfo,
): TensorInfo {
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
}

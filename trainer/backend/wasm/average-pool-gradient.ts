/** The gradient of 2-D average pooling on wasm: see ../average-pool-gradient.ts for why. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addAveragePoolGradient } from '../average-pool-gradient.ts';
import { describePool, type PoolAttributes } from '../pool-geometry.ts';
import { floatBytes, sizeOf } from './heap.ts';
import { defineKernel, requireFloats } from './wasm-kernel.ts';

export const averagePoolGradient = defineKernel<
  { dy: TensorInfo; input: TensorInfo },
  PoolAttributes
>('AvgPoolGrad', ({ heap }, { dy, input }, attributes) => {
  requireFloats('AvgPoolGrad', { dy, input });
  const gradient = heap.allocateZeros(input.shape);
  const view = (tensor: TensorInfo): Float32Array => {
    const start = heap.addressOf(tensor) / floatBytes;
    return heap.floats().subarray(start, start + sizeOf(tensor.shape));
  };
  addAveragePoolGradient(describePool(input.shape, attributes), view(dy), view(gradient));
  return gradient;
});

/** The geometry of 2-D pooling from the attributes that tfjs gives its kernels. */
import { backend_util } from '@tensorflow/tfjs-core';

type PoolArguments = Parameters<typeof backend_util.computePool2DInfo>;

export interface PoolAttributes {
  readonly filterSize: PoolArguments[1];
  readonly strides: PoolArguments[2];
  readonly pad: PoolArguments[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

export function describePool(
  shape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): backend_util.Conv2DInfo {
  const images = [...shape] as [number, number, number, number];
  return backend_util.computePool2DInfo(images, filterSize, strides, 1, pad, dimRoundingMode);
}

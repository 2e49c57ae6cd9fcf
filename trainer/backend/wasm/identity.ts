/**
 * A tensor's clone without a copy. tfjs's own kernel on wasm copies the numbers, although its
 * tensors are immutable and counted by reference; it runs several times per layer and step.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { defineKernel } from './wasm-kernel.ts';

export const identity = defineKernel<{ x: TensorInfo }, object>(
  'Identity',
  ({ heap }, { x }) => heap.share(x),
  ({ x }) => x.dtype !== 'string',
);

/** A cast to the type that the tensor has: relu's gradient, for one, asks for it. */
export const castToSame = defineKernel<{ x: TensorInfo }, { readonly dtype: string }>(
  'Cast',
  ({ heap }, { x }) => heap.share(x),
  ({ x }, { dtype }) => x.dtype !== 'string' && x.dtype === dtype,
);

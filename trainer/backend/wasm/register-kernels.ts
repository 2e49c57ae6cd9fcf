/**
 * Gives the tfjs wasm backend the kernels that training needs: the ones it lacks, and faster
 * versions of three that it has. Registering twice is harmless.
 */
import {
  registerKernel,
  unregisterKernel,
  getKernel,
  type KernelFunc,
} from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { batchMatMul } from './batch-matmul.ts';
import { conv2dBackpropFilter } from './conv2d-filter-gradient.ts';
import { conv2dBackpropInput } from './conv2d-input-gradient.ts';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.ts';
import type { GradientKernel } from './gradient-kernel.ts';
import { openHeap } from './heap.ts';
import { openLoops } from './loops.ts';
import { maxPoolGradient } from './max-pool-gradient.ts';
import { unsortedSegmentSum } from './segment-sum.ts';

const missingKernels: readonly GradientKernel[] = [
  conv2dBackpropFilter,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  unsortedSegmentSum,
];

const fasterKernels: readonly GradientKernel[] = [
  conv2dBackpropInput,
  maxPoolGradient,
  batchMatMul,
];

/** @throws TypeError where the backend does not export its memory (another version of tfjs) */
export function registerKernels(backend: BackendWasm): void {
  const context = { heap: openHeap(backend), loops: openLoops(backend) };
  for (const { name, run } of [...missingKernels, ...fasterKernels]) {
    const kernelFunc: KernelFunc = ({ inputs, attrs }) =>
      run(context, inputs as Parameters<typeof run>[1], (attrs ?? {}) as Parameters<typeof run>[2]);
    if (getKernel(name, 'wasm') !== undefined) unregisterKernel(name, 'wasm');
    registerKernel({ kernelName: name, backendName: 'wasm', kernelFunc });
  }
}

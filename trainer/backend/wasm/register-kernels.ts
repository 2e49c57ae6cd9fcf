/**
 * Gives the tfjs wasm backend the kernels that training needs: the ones it lacks, and better
 * versions of some that it has. Registering twice is harmless.
 */
import {
  registerKernel,
  unregisterKernel,
  getKernel,
  type KernelFunc,
} from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
// Registers tfjs's gradients, which come first, and the layers.
import * as tfl from '@tensorflow/tfjs-layers';
import { registerGradientOn } from '../backend-gradient.ts';
import { overrideCall } from '../layer-override.ts';
import { averagePoolGradient } from './average-pool-gradient.ts';
import {
  batchNormalization,
  batchNormalizationGradient,
  callBatchNormalization,
  gradientOfBatchNormalization,
} from './batch-normalization.ts';
import { batchMatMul, fusedMatMul } from './batch-matmul.ts';
import { conv2d, fusedConv2d } from './conv2d.ts';
import { conv2dBackpropFilter } from './conv2d-filter-gradient.ts';
import { conv2dBackpropInput } from './conv2d-input-gradient.ts';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.ts';
import { gruBackward, gruForward } from './gru-kernels.ts';
import { castToSame, identity } from './identity.ts';
import { addBias, sumRows } from './bias.ts';
import type { KernelContext, WasmKernel } from './wasm-kernel.ts';
import { openHeap } from './heap.ts';
import {
  callLayerNormalization,
  gradientOfLayerNormalization,
  layerNormalization,
  layerNormalizationGradient,
} from './layer-normalization.ts';
import { lstmBackward, lstmForward } from './lstm-kernels.ts';
import { openLoops } from './loops.ts';
import { maxPool, maxPoolGradient } from './max-pool.ts';
import { gradientOfRelu, reluGradient } from './relu-gradient.ts';
import { optimizerUpdate } from './optimizer-update.ts';
import { unsortedSegmentSum } from './segment-sum.ts';
import { slice, split } from './slice.ts';

const missingKernels: readonly WasmKernel[] = [
  conv2dBackpropFilter,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  unsortedSegmentSum,
  batchNormalization,
  batchNormalizationGradient,
  lstmForward,
  lstmBackward,
  gruForward,
  gruBackward,
  optimizerUpdate,
  reluGradient,
  layerNormalization,
  layerNormalizationGradient,
];

/** Faster than tfjs's own, and in the case of average pooling right where tfjs's is wrong. */
const betterKernels: readonly WasmKernel[] = [
  averagePoolGradient,
  conv2d,
  fusedConv2d,
  conv2dBackpropInput,
  maxPool,
  maxPoolGradient,
  batchMatMul,
  fusedMatMul,
  identity,
  castToSame,
  addBias,
  sumRows,
  slice,
  split,
];

const gradients = [gradientOfBatchNormalization, gradientOfLayerNormalization, gradientOfRelu];

/** Ours, with a reference to the one of tfjs that it stands in front of. */
type LayeredKernel = KernelFunc & { readonly original?: KernelFunc | undefined };

function layer({ name, run, handles }: WasmKernel, context: KernelContext): void {
  const current = getKernel(name, 'wasm') as ReturnType<typeof getKernel> | undefined;
  const currentRun = current?.kernelFunc as LayeredKernel | undefined;
  const original =
    currentRun !== undefined && 'original' in currentRun ? currentRun.original : currentRun;
  const kernelFunc: KernelFunc = (call) => {
    const inputs = call.inputs as Parameters<typeof run>[1];
    const attributes = (call.attrs ?? {}) as Parameters<typeof run>[2];
    const isOurs = original === undefined || handles(inputs, attributes);
    return isOurs ? run(context, inputs, attributes) : original(call);
  };
  if (current !== undefined) unregisterKernel(name, 'wasm');
  // The original's set-up stays: tfjs runs it when the backend is started again.
  registerKernel({
    ...current,
    kernelName: name,
    backendName: 'wasm',
    kernelFunc: Object.assign(kernelFunc, { original }),
  });
}

/** @throws TypeError where the backend does not export its memory (another version of tfjs) */
export function registerKernels(backend: BackendWasm): void {
  const context = { heap: openHeap(backend), loops: openLoops(backend) };
  for (const kernel of [...missingKernels, ...betterKernels]) layer(kernel, context);
  for (const gradient of gradients) registerGradientOn('wasm', gradient);
  overrideCall('wasm', tfl.layers.batchNormalization(), callBatchNormalization);
  overrideCall('wasm', tfl.layers.layerNormalization(), callLayerNormalization);
}

/**
 * Puts TensorFlow's own kernels and gradients in place of tfjs-node's and tfjs's, which stay behind
 * them for what they do not handle. Registering twice is harmless.
 *
 * tfjs keeps gradients by name alone, for all backends: ours ask which backend is active, and leave
 * the others to tfjs's.
 */
import * as tf from '@tensorflow/tfjs-core';
// Registers tfjs's gradients, which come first.
import '@tensorflow/tfjs-layers';
import { activationGradients } from './activation-gradients.ts';
import { overrideBatchNormalization } from './batch-normalization.ts';
import { addBias, addGradient, sumOfRows } from './bias.ts';
import { clipByValue, clipByValueGradient } from './clip.ts';
import { batchNormGradient, batchNormKernel } from './fused-batch-norm.ts';
import { gather } from './gather.ts';
import { matMulKernels } from './matmul.ts';

import { recurrentGates } from './recurrent-gates.ts';
import { reductionGradients } from './reduction-gradients.ts';
import { sameValueKernels } from './same-values.ts';
import { softmaxCrossEntropyKernel } from './softmax-cross-entropy.ts';
import type { TensorflowGradient, TensorflowKernel } from './tensorflow-kernel.ts';

const backendName = 'tensorflow';

export const kernels: readonly TensorflowKernel[] = [
  addBias,
  sumOfRows,
  ...matMulKernels,
  ...sameValueKernels,
  gather,
  clipByValue,
  batchNormKernel,
  softmaxCrossEntropyKernel,
  ...recurrentGates,
];

export const gradients: readonly TensorflowGradient[] = [
  ...activationGradients,
  addGradient,
  ...reductionGradients,
  clipByValueGradient,
  batchNormGradient,
];

export function registerKernels(): void {
  kernels.forEach(layerKernel);
  gradients.forEach(layerGradient);
  overrideBatchNormalization();
}

/** Ours, with a reference to the one of tfjs that it stands in front of. */
type Layered<T> = T & { readonly original?: T | undefined };

/** tfjs types a lookup as if it always found something. */
const kernelOf = tf.getKernel as (
  ...names: Parameters<typeof tf.getKernel>
) => tf.KernelConfig | undefined;
const gradientOf = tf.getGradient as (name: string) => Layered<tf.GradConfig> | undefined;

function layerKernel({ name, run, handles }: TensorflowKernel): void {
  const current = kernelOf(name, backendName);
  const currentRun = current?.kernelFunc as Layered<tf.KernelFunc> | undefined;
  const original = currentRun && 'original' in currentRun ? currentRun.original : currentRun;
  const kernelFunc: tf.KernelFunc = (call) => {
    const inputs = call.inputs as Parameters<typeof run>[0];
    const attributes = call.attrs ?? {};
    const isOurs = original === undefined || handles(inputs, attributes);
    return isOurs ? run(inputs, attributes) : original(call);
  };
  if (current !== undefined) tf.unregisterKernel(name, backendName);
  tf.registerKernel({
    ...current,
    kernelName: name,
    backendName,
    kernelFunc: Object.assign(kernelFunc, { original }),
  });
}

function layerGradient(gradient: TensorflowGradient): void {
  const current = gradientOf(gradient.name);
  const original: tf.GradConfig | undefined =
    current && 'original' in current ? current.original : current;
  const ours: tf.GradConfig = {
    kernelName: gradient.name,
    inputsToSave: [...gradient.inputsToSave],
    outputsToSave: [...gradient.outputsToSave],
    gradFunc: (dy, saved, attributes) =>
      gradient.gradients(
        Array.isArray(dy) ? dy[0]! : dy,
        saved,
        attributes,
      ) as ReturnType<tf.GradFunc>,
  };
  const active = (): tf.GradConfig =>
    original === undefined || tf.getBackend() === backendName ? ours : original;
  const layered: Layered<tf.GradConfig> = {
    kernelName: gradient.name,
    original,
    get inputsToSave() {
      return active().inputsToSave ?? [];
    },
    get outputsToSave() {
      return active().outputsToSave ?? [];
    },
    get saveAllInputs() {
      return active().saveAllInputs ?? false;
    },
    get gradFunc() {
      return active().gradFunc;
    },
  };
  tf.registerGradient(layered);
}

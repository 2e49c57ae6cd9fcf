/** The optimizers' update of a variable in one pass, behind the seam of trainer/step/update-kernel.ts. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  updateKernel,
  type UpdateAttributes,
  type UpdateInputs,
} from '../../step/update-kernel.ts';
import { floatBytes, sizeOf } from './heap.ts';
import { scalarCount } from './optimizer-loops.ts';
import { defineKernel, requireFloats } from './wasm-kernel.ts';

type Infos<Inputs> = { readonly [name in keyof Inputs]: TensorInfo };

export const optimizerUpdate = defineKernel<Infos<UpdateInputs>, UpdateAttributes>(
  updateKernel,
  ({ heap, loops }, { weight, gradient, slot0, slot1 }, attributes) => {
    requireFloats(updateKernel, { weight, gradient });
    const { formula, scalars, clip, decay, start } = attributes;
    const next = heap.allocateOutput(weight.shape);
    const parts = [gradient, slot0, slot1].filter((tensor) => tensor !== undefined);
    loops[formula](
      ...[sizeOf(weight.shape), heap.addressOf(weight), heap.addressOf(next)],
      ...parts.map((tensor) => heap.addressOf(tensor) + start * floatBytes),
      ...[clip, decay, ...Array.from({ length: scalarCount }, (_, index) => scalars[index] ?? 0)],
    );
    return next;
  },
);

/**
 * The compiled inner loops, instantiated on the memory of one tfjs wasm backend. Owns the module;
 * which loops exist is decided in the files that define them.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { assembleModule } from './assembler.ts';
import { depthwiseFilterLoop, depthwiseInputLoop } from './depthwise.ts';
import * as batchNormalizationLoops from './batch-normalization-loops.ts';
import { copyLines } from './copy-lines.ts';
import { availableMultiplyAdd, type MultiplyAdd } from './multiply-add.ts';
import * as layerNormalizationLoops from './layer-normalization-loops.ts';
import { optimizerLoops } from './optimizer-loops.ts';
import { panelsOfColumns, panelsOfRows } from './panels.ts';
import { recurrentLoops } from './recurrent-loops.ts';
import { productLoop } from './product-loop.ts';
import * as quarterPooling from './quarter-pooling.ts';
import * as rowLoops from './row-loops.ts';
import { maxPoolLoop } from './pooling.ts';

/** Each takes addresses, sizes and byte strides, in the order of its definition. */
export type Loop = (...numbers: readonly number[]) => void;

function define(multiplyAdd: MultiplyAdd) {
  return {
    product: productLoop(multiplyAdd),
    panelsOfRows,
    panelsOfColumns,
    copyLines,
    ...batchNormalizationLoops,
    ...layerNormalizationLoops,
    ...optimizerLoops,
    ...recurrentLoops(multiplyAdd),
    ...rowLoops,
    ...quarterPooling,
    maxPoolLoop,
    depthwiseFilterLoop,
    depthwiseInputLoop,
  };
}

export type Loops = Readonly<Record<keyof ReturnType<typeof define>, Loop>>;

/** Emscripten's object of exports; tfjs does not declare it. */
function memoryOf(backend: BackendWasm): WebAssembly.Memory {
  const { asm } = backend.wasm as unknown as { readonly asm?: Readonly<Record<string, unknown>> };
  const memory = asm?.['memory'];
  if (memory instanceof WebAssembly.Memory) return memory;
  throw new TypeError('The tfjs wasm backend does not export its memory; version 4.22.0 does.');
}

export function openLoops(backend: BackendWasm): Loops {
  const definitions = Object.values(define(availableMultiplyAdd()));
  const module = new WebAssembly.Module(assembleModule(definitions));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: memoryOf(backend) } });
  // The exports are exactly the definitions, by name: assembleModule wrote them.
  return exports as unknown as Loops;
}

/**
 * The engines that are compared: what each is called and which process runs it. Every engine is one
 * process that speaks the protocol of engine-process.ts; how they are pinned is here as well.
 */
import { join } from 'node:path';

export type EngineName =
  'ours' | 'bfloat16' | 'eager' | 'wasm' | 'keras' | 'kerasJit' | 'torch' | 'torchCompile';

/** What the process of an engine needs besides Node: found before anything is started. */
export type Requirement = 'tensorflow' | 'python' | 'none';

export interface Engine {
  readonly name: EngineName;
  /** Head of its column. */
  readonly title: string;
  readonly needs: Requirement;
  readonly isPeer: boolean;
  /** Program file in this folder, and its arguments. */
  readonly program: readonly [file: string, ...args: string[]];
}

const tfjs = join(import.meta.dirname, 'engines', 'tfjs-engine.ts');
const keras = join(import.meta.dirname, 'engines', 'keras_engine.py');
const torch = join(import.meta.dirname, 'engines', 'torch_engine.py');

const ours = (name: EngineName, title: string, ...args: string[]): Engine => ({
  name,
  title,
  needs: name === 'wasm' ? 'none' : 'tensorflow',
  isPeer: false,
  program: [tfjs, ...args],
});
const peer = (name: EngineName, title: string, file: string, ...args: string[]): Engine => ({
  name,
  title,
  needs: 'python',
  isPeer: true,
  program: [file, ...args],
});

export const engines: readonly Engine[] = [
  ours('ours', 'ours', 'tensorflow', 'compiled'),
  ours('bfloat16', 'ours, bfloat16', 'tensorflow', 'compiled', 'bfloat16'),
  ours('eager', 'ours, eager', 'tensorflow', 'eager'),
  ours('wasm', 'ours, wasm (1 thread)', 'wasm', 'eager'),
  peer('keras', 'Keras', keras, 'graph'),
  peer('kerasJit', 'Keras, jit_compile', keras, 'jit'),
  peer('torch', 'PyTorch', torch, 'eager'),
  peer('torchCompile', 'PyTorch, compile', torch, 'compile'),
];

/** Variables by which the libraries of all engines take the same number of threads. */
export function threadVariables(threads: number): Readonly<Record<string, string>> {
  const count = String(threads);
  return {
    // Pools of TensorFlow's operations and of what runs within one; read where no API was called.
    TF_NUM_INTRAOP_THREADS: count,
    TF_NUM_INTEROP_THREADS: count,
    // oneDNN's and PyTorch's pool, and BLAS libraries.
    OMP_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    // The benchmark is about processors.
    CUDA_VISIBLE_DEVICES: '',
    TF_CPP_MIN_LOG_LEVEL: '3',
  };
}

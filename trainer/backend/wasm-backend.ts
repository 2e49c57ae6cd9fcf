/** tfjs compiled to WebAssembly with SIMD, one thread, completed by our own gradient kernels. */
import * as tf from '@tensorflow/tfjs-core';
import { version_wasm, type BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { activate } from './activate.ts';
import { BackendError, type Backend } from './backend.ts';
import { registerKernels } from './wasm/register-kernels.ts';

export const wasmBackend: Backend = {
  name: 'wasm',
  strength: 'WebAssembly with SIMD, the fastest without a native library',
  open: async () => {
    const hasSimd: unknown = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
    if (hasSimd !== true) throw new BackendError('this processor or Node has no WebAssembly SIMD');
    await activate('wasm');
    registerKernels(tf.backend() as BackendWasm);
    return { name: 'wasm', version: version_wasm };
  },
};

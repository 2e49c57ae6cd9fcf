/** Holds the name `webgpu`, which the API already knows: this version has no such backend yet. */
import { BackendError, type Backend } from './backend.ts';

export const webgpuBackend: Backend = {
  name: 'webgpu',
  strength: 'the GPU through WebGPU',
  open: () => Promise.reject(new BackendError('this version has no webgpu backend yet')),
};

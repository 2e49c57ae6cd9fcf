/** tfjs in plain JavaScript: works everywhere, the reference for the others, and the slowest. */
import * as tf from '@tensorflow/tfjs-core';
import { version_cpu, type MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { addAveragePoolGradient } from './average-pool-gradient.ts';
import { activate } from './activate.ts';
import type { Backend } from './backend.ts';
import { describePool, type PoolAttributes } from './pool-geometry.ts';

/** tfjs loads its kernels with other types than it exports; these members are its documented ones. */
type CpuTensors = Pick<MathBackendCPU, 'makeTensorInfo' | 'readSync'>;

function registerAveragePoolGradient(): void {
  tf.unregisterKernel('AvgPoolGrad', 'cpu');
  tf.registerKernel({
    kernelName: 'AvgPoolGrad',
    backendName: 'cpu',
    kernelFunc: ({ inputs, backend, attrs }) => {
      const { dy, input } = inputs as { dy: tf.TensorInfo; input: tf.TensorInfo };
      const cpu = backend as CpuTensors;
      const info = describePool(input.shape, attrs as unknown as PoolAttributes);
      const dx = new Float32Array(tf.util.sizeFromShape(input.shape));
      addAveragePoolGradient(info, cpu.readSync(dy.dataId) as Float32Array, dx);
      return cpu.makeTensorInfo(input.shape, 'float32', dx);
    },
  });
}

export const cpuBackend: Backend = {
  name: 'cpu',
  strength: 'plain JavaScript, which works everywhere and is slow',
  open: async () => {
    await activate('cpu');
    registerAveragePoolGradient();
    // Else tfjs prints an advertisement for tfjs-node on the first tensor.
    (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
    return { name: 'cpu', version: version_cpu };
  },
};

/** tfjs in plain JavaScript: works everywhere, the reference for the others, and the slowest. */
import * as tf from '@tensorflow/tfjs-core';
import { version_cpu } from '@tensorflow/tfjs-backend-cpu';
import { activate } from './activate.ts';
import type { Backend } from './backend.ts';

export const cpuBackend: Backend = {
  name: 'cpu',
  strength: 'plain JavaScript, which works everywhere and is slow',
  open: async () => {
    await activate('cpu');
    // Else tfjs prints an advertisement for tfjs-node on the first tensor.
    (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
    return { name: 'cpu', version: version_cpu };
  },
};

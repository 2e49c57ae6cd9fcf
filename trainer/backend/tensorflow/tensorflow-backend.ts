/**
 * TensorFlow's C library through tfjs-node, where the addon is installed: the GPU package first.
 * Neither is a dependency of the trainer; images and people add one, in the trainer's node_modules
 * or in a folder of their own. Whichever it is, it works on the trainer's copy of tfjs.
 *
 * On the CPU a tensor aliases the typed array that it was made from (SharedArrayBuffer as well) if
 * that is aligned: whoever reuses the memory must have disposed the tensors made from it.
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { activate } from '../activate.ts';
import { BackendError, type Backend } from '../backend.ts';
import { registerKernels } from './register-kernels.ts';
import { restoreRemovedUtil } from './restore-removed-util.ts';
import { threadsOf, type RuntimeOption } from './runtime-options.ts';
import { sharingTfjs } from './share-tfjs.ts';

const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
type PackageName = (typeof packages)[number];

export interface TensorflowOptions {
  /**
   * Folder whose node_modules holds tfjs-node, as `npm install --prefix FOLDER` makes it; absent:
   * the trainer's own node_modules.
   */
  readonly home?: string | undefined;
  /** Set in the process's environment before the library is loaded; default: none. */
  readonly runtime?: readonly RuntimeOption[];
}

/** What tfjs-node's backend has besides tfjs's interface. */
interface NodeBackend {
  readonly binding?: { readonly TF_Version?: string };
  readonly isUsingGpuDevice?: boolean;
}

function isInstalled(name: PackageName, require: NodeJS.Require): boolean {
  try {
    require.resolve(name);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')
      return false;
    throw error;
  }
}

function load(name: PackageName, require: NodeJS.Require): void {
  try {
    sharingTfjs(() => require(name) as unknown);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new BackendError(
      `${name} is installed, but does not load (${message.split('\n', 1)[0]})`,
      {
        cause: error,
      },
    );
  }
}

export function tensorflowBackend({ home, runtime = [] }: TensorflowOptions = {}): Backend {
  return {
    name: 'tensorflow',
    strength: "TensorFlow's C library, on all cores or a GPU",
    open: async () => {
      const require = createRequire(
        home === undefined ? import.meta.url : join(resolve(home), 'package.json'),
      );
      const name = packages.find((candidate) => isInstalled(candidate, require));
      if (name === undefined) {
        const where = home === undefined ? ' (npm run backend:tensorflow does it)' : ` in ${home}`;
        throw new BackendError(`@tensorflow/tfjs-node is not installed${where}`);
      }
      restoreRemovedUtil();
      // The library reads the environment of the process; there is no other way in.
      for (const option of runtime) process.env[option.name] = option.value;
      load(name, require);
      await activate('tensorflow');
      registerKernels();
      return { name: 'tensorflow', version: describe(name, runtime) };
    },
  };
}

function describe(name: PackageName, runtime: readonly RuntimeOption[]): string {
  const { binding, isUsingGpuDevice } = tf.backend() as NodeBackend;
  const library = binding?.TF_Version;
  if (library === undefined) return name;
  const device = isUsingGpuDevice === true ? ' on the GPU' : '';
  const threads = threadsOf(runtime);
  const unit = threads === 1 ? 'thread' : 'threads';
  return `${name}, TensorFlow ${library}${device}${threads === undefined ? '' : `, ${threads} ${unit}`}`;
}

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
import { restoreRemovedUtil } from './restore-removed-util.ts';
import { sharingTfjs } from './share-tfjs.ts';

const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
type PackageName = (typeof packages)[number];

export interface TensorflowOptions {
  /**
   * Folder whose node_modules holds tfjs-node, as `npm install --prefix FOLDER` makes it; absent:
   * the trainer's own node_modules.
   */
  readonly home?: string | undefined;
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

export function tensorflowBackend({ home }: TensorflowOptions = {}): Backend {
  return {
    name: 'tensorflow',
    strength: "TensorFlow's C library, on all cores or a GPU",
    open: async () => {
      const require = createRequire(
        home === undefined ? import.meta.url : join(resolve(home), 'package.json'),
      );
      const name = packages.find((candidate) => isInstalled(candidate, require));
      if (name === undefined) {
        const where = home === undefined ? '' : ` in ${home}`;
        throw new BackendError(`@tensorflow/tfjs-node is not installed${where}`);
      }
      restoreRemovedUtil();
      load(name, require);
      await activate('tensorflow');
      return { name: 'tensorflow', version: describe(name, tf.backend() as NodeBackend) };
    },
  };
}

function describe(name: PackageName, { binding, isUsingGpuDevice }: NodeBackend): string {
  const library = binding?.TF_Version;
  if (library === undefined) return name;
  return `${name}, TensorFlow ${library}${isUsingGpuDevice === true ? ' on the GPU' : ''}`;
}

/**
 * TensorFlow's C library through tfjs-node, where the addon is installed: the GPU package first.
 * Neither is a dependency of the trainer; images and people add one.
 */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { activate } from './activate.ts';
import { BackendError, type Backend } from './backend.ts';
import { restoreRemovedUtil } from './restore-removed-util.ts';

const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
type PackageName = (typeof packages)[number];

/** Resolves a package's entry file; throws as `require.resolve` does where it is not installed. */
export type Resolve = (packageName: string) => string;

function isInstalled(name: PackageName, resolve: Resolve): boolean {
  try {
    resolve(name);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')
      return false;
    throw error;
  }
}

async function load(name: PackageName): Promise<void> {
  try {
    await import(name);
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

export function tensorflowBackend(
  resolve: Resolve = (name) => createRequire(import.meta.url).resolve(name),
): Backend {
  return {
    name: 'tensorflow',
    strength: "TensorFlow's C library, the fastest",
    open: async () => {
      const name = packages.find((candidate) => isInstalled(candidate, resolve));
      if (name === undefined) throw new BackendError('@tensorflow/tfjs-node is not installed');
      restoreRemovedUtil();
      await load(name);
      await activate('tensorflow');
      const { binding } = tf.backend() as unknown as {
        readonly binding?: { readonly TF_Version?: string };
      };
      const library = binding?.TF_Version;
      return {
        name: 'tensorflow',
        version: library === undefined ? name : `${name}, TensorFlow ${library}`,
      };
    },
  };
}

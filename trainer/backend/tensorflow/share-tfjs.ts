/**
 * One copy of tfjs in the process. tfjs-node brings its own tfjs-core, tfjs-layers and CPU backend
 * where it is installed apart from the trainer. Two copies share the engine (it is on `globalThis`),
 * but each registers every kernel, the second with a warning per kernel and over the trainer's own
 * completions. So what tfjs-node asks for is answered with the trainer's copy.
 *
 * All are CommonJS in Node, by `import` and by `require` alike: one file, one instance.
 */
import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const shared = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-layers',
  '@tensorflow/tfjs-backend-cpu',
] as const;

/** Runs `load`; every module that it loads for the first time gets the trainer's tfjs. */
export function sharingTfjs<T>(load: () => T): T {
  const { resolve } = createRequire(import.meta.url);
  const own = new Map<string, string>(
    shared.map((name) => [name, pathToFileURL(resolve(name)).href]),
  );
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const url = own.get(specifier);
      return url === undefined
        ? nextResolve(specifier, context)
        : { url, format: 'commonjs', shortCircuit: true };
    },
  });
  try {
    return load();
  } finally {
    hooks.deregister();
  }
}

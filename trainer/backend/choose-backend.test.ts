import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { activate } from './activate.ts';
import { BackendError, type Backend } from './backend.ts';
import { chooseBackend } from './choose-backend.ts';
import { cpuBackend } from './cpu-backend.ts';
import { restoreRemovedUtil } from './tensorflow/restore-removed-util.ts';
import { tensorflowBackend } from './tensorflow/tensorflow-backend.ts';
import { wasmBackend } from './wasm-backend.ts';

const notInstalled = tensorflowBackend({ home: '/nowhere' });

function only(...ordered: Backend[]): { ordered: Backend[]; namedOnly: Backend[] } {
  return { ordered, namedOnly: [] };
}

function aBackendOf(name: string, open: () => Promise<void>): Backend {
  return {
    name: 'tensorflow',
    strength: name,
    open: async () => {
      await open();
      return { name: 'tensorflow', version: '0' };
    },
  };
}

test('auto takes wasm where TensorFlow is not installed, and says so', async () => {
  const choice = await chooseBackend('auto', only(notInstalled, wasmBackend, cpuBackend));
  assert.equal(choice.name, 'wasm');
  assert.equal(tf.getBackend(), 'wasm');
  assert.match(choice.reason, /^The best that works here: WebAssembly with SIMD.* \(4\.22\.0\)\.$/);
  assert.deepEqual(choice.rejected, [
    { name: 'tensorflow', reason: '@tensorflow/tfjs-node is not installed in /nowhere' },
  ]);
});

test('auto falls back to cpu with a reason for each better one', async () => {
  const broken: Backend = {
    ...wasmBackend,
    open: () => Promise.reject(new Error('no memory\nstack')),
  };
  const choice = await chooseBackend('auto', only(notInstalled, broken, cpuBackend));
  assert.equal(choice.name, 'cpu');
  assert.equal(tf.getBackend(), 'cpu');
  assert.deepEqual(
    choice.rejected.map(({ name, reason }) => `${name}: ${reason}`),
    [
      'tensorflow: @tensorflow/tfjs-node is not installed in /nowhere',
      'wasm: it does not start (no memory)',
    ],
  );
});

test('each backend that works can be named', async () => {
  for (const name of ['cpu', 'wasm'] as const) {
    const choice = await chooseBackend(name);
    assert.equal(choice.name, name);
    assert.equal(tf.getBackend(), name);
    assert.deepEqual(choice.rejected, []);
  }
});

test('a named backend that does not work fails with the way out', async () => {
  const rejection = chooseBackend('tensorflow', only(notInstalled, cpuBackend));
  await assert.rejects(rejection, (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.reason, 'BackendUnavailable');
    assert.equal(
      error.message,
      'workers.backend is tensorflow, but @tensorflow/tfjs-node is not installed in /nowhere; set it to auto to take the best that works here.',
    );
    return true;
  });
});

test('webgpu is a known name without a backend', async () => {
  await assert.rejects(chooseBackend('webgpu'), {
    reason: 'BackendUnavailable',
    message: /workers\.backend is webgpu, but this version has no webgpu backend yet/,
  });
});

test('no backend at all is one sentence with every reason', async () => {
  const failing = aBackendOf('failing', () => Promise.reject(new BackendError('it is broken')));
  await assert.rejects(chooseBackend('auto', only(failing)), {
    reason: 'BackendUnavailable',
    message: 'No backend works on this node (tensorflow: it is broken).',
  });
});

/** A folder whose node_modules has this package alone. */
async function aHomeWith(name: string, code: string): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'tfjs-home-'));
  const folder = join(path, 'node_modules', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.js'), code);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test('an addon that does not load is passed over with the first line of its error', async () => {
  const message = 'libtensorflow.so.2: cannot open shared object file';
  const code = `throw new Error(${JSON.stringify(`${message}\nRequire stack:`)});`;
  await using home = await aHomeWith('@tensorflow/tfjs-node-gpu', code);
  const broken = tensorflowBackend({ home: home.path });
  const choice = await chooseBackend('auto', only(broken, cpuBackend));
  assert.equal(choice.name, 'cpu');
  assert.equal(
    choice.rejected[0]!.reason,
    `@tensorflow/tfjs-node-gpu is installed, but does not load (${message})`,
  );
});

test('an addon gets the tfjs of the trainer, wherever it is installed', async () => {
  const code = `
    const tf = require('@tensorflow/tfjs-core');
    class Nothing extends tf.KernelBackend {
      dispose() {}
    }
    require('@tensorflow/tfjs-layers');
    require('@tensorflow/tfjs-backend-cpu');
    tf.registerBackend('tensorflow', () => new Nothing());
    module.exports = tf;`;
  await using home = await aHomeWith('@tensorflow/tfjs-node', code);
  try {
    assert.deepEqual(await tensorflowBackend({ home: home.path }).open(), {
      name: 'tensorflow',
      version: '@tensorflow/tfjs-node',
    });
    const seen: unknown = createRequire(join(home.path, 'x.js'))('@tensorflow/tfjs-node');
    assert.equal(seen, createRequire(import.meta.url)('@tensorflow/tfjs-core'));
  } finally {
    await tf.setBackend('cpu');
    tf.removeBackend('tensorflow');
  }
});

test('a backend that tfjs cannot start is noticed', async (t) => {
  t.mock.method(console, 'warn', () => undefined);
  tf.registerBackend('tensorflow', () => Promise.reject(new Error('no library')));
  try {
    await assert.rejects(activate('tensorflow'), /tfjs could not start its tensorflow backend/);
  } finally {
    tf.removeBackend('tensorflow');
  }
  await assert.rejects(activate('tensorflow'), /no tensorflow backend is registered/);
});

test('a backend that computes a wrong gradient is not taken', async () => {
  const right = tf.getKernel('Conv2DBackpropFilter', 'cpu');
  const replace = (config: tf.KernelConfig): void => {
    tf.unregisterKernel('Conv2DBackpropFilter', 'cpu');
    tf.registerKernel(config);
  };
  const wrong = aBackendOf('wrong', async () => {
    await cpuBackend.open();
    replace({
      ...right,
      kernelFunc: ({ inputs }) => tf.reshape(inputs['x'] as tf.Tensor, [2, 2, 1, 1]),
    });
  });
  try {
    const choice = await chooseBackend('auto', only(wrong, wasmBackend));
    assert.equal(choice.name, 'wasm');
    assert.equal(choice.rejected[0]!.name, 'tensorflow');
    assert.match(
      choice.rejected[0]!.reason,
      /^a test gradient came out as \[1, 2, 3, 4\] instead of/,
    );
  } finally {
    replace(right);
  }
});

test('verifying leaves no tensor behind', async () => {
  await chooseBackend('wasm');
  const { numTensors } = tf.memory();
  await chooseBackend('wasm');
  assert.equal(tf.memory().numTensors, numTensors);
});

test('the type tests that tfjs-node calls are there again', async () => {
  restoreRemovedUtil();
  const util = (await import('node:util')).default as unknown as Record<
    string,
    (value: unknown) => boolean
  >;
  assert.equal(util['isNullOrUndefined']?.(undefined), true);
  assert.equal(util['isNullOrUndefined']?.(0), false);
  assert.equal(util['isArray'], Array.isArray, "Node's own prints a warning");
});

import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { Failure } from '../../api/failure.ts';
import { BackendError, type Backend } from './backend.ts';
import { chooseBackend } from './choose-backend.ts';
import { cpuBackend } from './cpu-backend.ts';
import { restoreRemovedUtil } from './restore-removed-util.ts';
import { tensorflowBackend } from './tensorflow-backend.ts';
import { wasmBackend } from './wasm-backend.ts';

const notInstalled = tensorflowBackend((name) => {
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
});

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
    { name: 'tensorflow', reason: '@tensorflow/tfjs-node is not installed' },
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
    ['tensorflow: @tensorflow/tfjs-node is not installed', 'wasm: it does not start (no memory)'],
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
      'workers.backend is tensorflow, but @tensorflow/tfjs-node is not installed; set it to auto to take the best that works here.',
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

test('a backend that tfjs cannot start is noticed', async (t) => {
  t.mock.method(console, 'warn', () => undefined);
  tf.registerBackend('tensorflow', () => Promise.reject(new Error('no library')));
  try {
    const refused = tensorflowBackend(() => '/nowhere');
    const choice = await chooseBackend('auto', only(refused, cpuBackend));
    assert.match(
      choice.rejected[0]!.reason,
      /^@tensorflow\/tfjs-node-gpu is installed, but does not load \(/,
    );
    const { activate } = await import('./activate.ts');
    await assert.rejects(activate('tensorflow'), /tfjs could not start its tensorflow backend/);
  } finally {
    tf.removeBackend('tensorflow');
  }
  const { activate } = await import('./activate.ts');
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
  assert.equal(util['isArray']?.([]), true);
});

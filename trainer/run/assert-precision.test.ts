/** A precision that the chosen backend lacks is refused, with the way out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { BackendChoice } from '@tfjs-operator/api/progress.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { assertPrecision } from './assert-precision.ts';

const choice = (name: string, rejected: BackendChoice['rejected'] = []): BackendChoice => ({
  name,
  reason: 'The job names it.',
  rejected,
});
const asking = (precision: RunConfig['training']['precision']): RunConfig =>
  ({ training: { precision } }) as RunConfig;

test('float32 is computed everywhere, bfloat16 on tensorflow', () => {
  for (const name of ['tensorflow', 'wasm', 'cpu', 'webgpu']) {
    assertPrecision(asking('float32'), choice(name));
  }
  assertPrecision(asking('bfloat16'), choice('tensorflow'));
});

test('bfloat16 is refused elsewhere, and why TensorFlow was not taken is said', () => {
  const rejected = [{ name: 'tensorflow', reason: '@tensorflow/tfjs-node is not installed' }];
  const refusedOn = (backend: BackendChoice): string => {
    try {
      assertPrecision(asking('bfloat16'), backend);
    } catch (error) {
      assert.ok(error instanceof Failure && error.reason === 'BadConfig');
      return error.message;
    }
    return assert.fail('it was accepted');
  };
  assert.equal(
    refusedOn(choice('wasm', rejected)),
    'training.precision is bfloat16, which the backend tensorflow alone computes in, but this worker computes on wasm (tensorflow: @tensorflow/tfjs-node is not installed); give it TensorFlow and set workers.backend to auto or tensorflow, or set training.precision to float32.',
  );
  assert.match(refusedOn(choice('cpu')), /computes on cpu; give it TensorFlow/);
});

/** What TensorFlow is set up with, by the cores of the process and the environment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeOptions, threadsOf, type RuntimeFacts } from './runtime-options.ts';

const valuesOf = (facts: RuntimeFacts): Readonly<Record<string, string>> =>
  Object.fromEntries(runtimeOptions(facts).map(({ name, value }) => [name, value]));

test('a worker alone computes with all cores of its process', () => {
  assert.deepEqual(valuesOf({ cores: 6, given: {} }), {
    TF_NUM_INTRAOP_THREADS: '6',
    TF_NUM_INTEROP_THREADS: '6',
    TF_CPP_MIN_LOG_LEVEL: '1',
  });
});

test('a worker that shares the machine takes its share, and says so', () => {
  const options = runtimeOptions({ cores: 8, threads: 2, given: {} });
  assert.equal(threadsOf(options), 2);
  assert.equal(options[0]?.reason, "this worker's share of 8 cores");
});

test('a share is never more than the CPU limit, nor less than one thread', () => {
  assert.equal(threadsOf(runtimeOptions({ cores: 2, threads: 16, given: {} })), 2);
  assert.equal(threadsOf(runtimeOptions({ cores: 2, threads: 0, given: {} })), 1);
});

test('what is set in the environment wins, and is told', () => {
  const given = {
    TF_NUM_INTRAOP_THREADS: '3',
    TF_XLA_FLAGS: '--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit',
    TF_CPP_MIN_LOG_LEVEL: '',
  };
  const options = runtimeOptions({ cores: 8, given });
  assert.equal(threadsOf(options), 3);
  assert.deepEqual(
    options.map(({ name, value, reason }) => `${name}=${value}: ${reason}`),
    [
      'TF_NUM_INTEROP_THREADS=8: cores of this process: 8',
      'TF_CPP_MIN_LOG_LEVEL=1: warnings of the library, without its notes',
      'TF_NUM_INTRAOP_THREADS=3: set in the environment',
      'TF_XLA_FLAGS=--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit: set in the environment',
    ],
  );
});

test('a number of threads that TensorFlow would not take is not repeated', () => {
  const given = { TF_NUM_INTRAOP_THREADS: 'all' };
  assert.equal(threadsOf(runtimeOptions({ cores: 8, given })), undefined);
});

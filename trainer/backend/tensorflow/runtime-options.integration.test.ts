/** TensorFlow computes with as many threads as it was told, counted in the process. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { usableCores } from './usable-cores.ts';

const run = promisify(execFile);
const nameOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** Opens the backend as a worker does, and prints its version and TensorFlow's threads. */
const program = `
  import { readdirSync, readFileSync } from 'node:fs';
  import { runtimeOptions } from ${nameOf('./runtime-options.ts')};
  import { tensorflowBackend } from ${nameOf('./tensorflow-backend.ts')};
  import { usableCores } from ${nameOf('./usable-cores.ts')};
  const { home, threads } = JSON.parse(process.argv[1]);
  const facts = { cores: usableCores(), threads, given: {} };
  const { version } = await tensorflowBackend({ home, runtime: runtimeOptions(facts) }).open();
  const tasks = readdirSync('/proc/self/task');
  const names = tasks.map((task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8'));
  const pool = names.filter((name) => name.startsWith('tf_Compute'));
  process.stdout.write(JSON.stringify({ version, threads: pool.length }));
  process.exit(0);
`;

async function threadsIn(
  prefix: readonly string[],
  threads?: number,
): Promise<{ readonly version: string; readonly threads: number }> {
  const options = JSON.stringify({ home: await tensorflowAddon(), threads });
  const node = [process.execPath, '--input-type=module', '--eval', program, options];
  const [file = '', ...args] = [...prefix, ...node];
  const { stdout } = await run(file, args, { cwd: import.meta.dirname });
  return JSON.parse(stdout) as { version: string; threads: number };
}

const isLinux = process.platform === 'linux';
const needs = isLinux ? needsTensorflowAddon() : { skip: 'threads are counted in /proc' };

describe('threads of the backend tensorflow', needs, () => {
  test('are the cores of the process', async () => {
    const { version, threads } = await threadsIn([]);
    assert.equal(threads, usableCores());
    assert.match(version, new RegExp(`, ${threads} threads?$`));
  });

  test("are the worker's share of a shared machine", async () => {
    const { version, threads } = await threadsIn([], 1);
    assert.equal(threads, 1);
    assert.match(version, /, 1 thread$/);
  });

  test('are one where the process is held to one core', async () => {
    assert.equal((await threadsIn(['taskset', '-c', '0'])).threads, 1);
  });
});

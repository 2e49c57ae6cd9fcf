/** The CPU limit as the kernel's files give it; this machine's affinity bounds it. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { usableCores } from './usable-cores.ts';

/** The cores of a process that sees these files. */
async function coresWith(files: Readonly<Record<string, string>>): Promise<number> {
  const folder = temporaryFolder('usable-cores-');
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return usableCores(folder);
}

const all = availableParallelism();

test('without a limit all cores can be used', async () => {
  assert.equal(await coresWith({}), all);
  const unlimited = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' };
  assert.equal(await coresWith(unlimited), all);
});

test('a limit below one core is one core, not all of them', async () => {
  const half = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' };
  assert.equal(await coresWith(half), 1);
});

test('a limit of one core and a half is one core', async () => {
  const files = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '150000 100000\n' };
  assert.equal(await coresWith(files), 1);
});

test('the smallest limit of all levels counts', async () => {
  const files = {
    'proc/self/cgroup': '0::/kubepods/pod7\n',
    'sys/fs/cgroup/kubepods/pod7/cpu.max': '100000 100000\n',
    'sys/fs/cgroup/kubepods/cpu.max': '6400000 100000\n',
  };
  assert.equal(await coresWith(files), 1);
});

test('a limit of version 1 counts, seen from outside and from inside of the container', async () => {
  const files = (folder: string): Record<string, string> => ({
    'proc/self/cgroup': '4:memory:/pod7\n3:cpu,cpuacct:/pod7\n0::/\n',
    [`sys/fs/cgroup/cpu,cpuacct${folder}/cpu.cfs_quota_us`]: '100000\n',
    [`sys/fs/cgroup/cpu,cpuacct${folder}/cpu.cfs_period_us`]: '100000\n',
  });
  assert.equal(await coresWith(files('/pod7')), 1);
  assert.equal(await coresWith(files('')), 1);
});

test('a limit beyond the cores of the machine changes nothing', async () => {
  const files = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '102400000 100000\n' };
  assert.equal(await coresWith(files), all);
});

/**
 * How many cores the process may use: affinity and the CPU limit of its cgroups, the smallest of all
 * levels. Node's `availableParallelism` knows affinity, but not every limit: one below a core counts
 * as none (libuv, uv__get_constrained_cpu), so that half a core would get a thread for each core.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** @returns whole cores, at least 1. @param root of the file system; another one in tests. */
export function usableCores(root = '/'): number {
  const limits = limitsOf(root).map((limit) => Math.max(1, Math.floor(limit)));
  return Math.min(availableParallelism(), ...limits);
}

/** The limits in cores of the process's cgroup and those above it. */
function limitsOf(root: string): number[] {
  const membership = readIfThere(join(root, 'proc/self/cgroup')) ?? '';
  return membership.split('\n').flatMap((line) => {
    // `ID:CONTROLLERS:PATH`; version 2 has no controllers, version 1 a mount for each set of them.
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const mount = join(root, 'sys/fs/cgroup', controllers);
    if (line.startsWith('0::'))
      return ancestorsOf(path).flatMap((at) => limitInV2(join(mount, at)));
    if (!controllers.split(',').includes('cpu')) return [];
    return ancestorsOf(path).flatMap((at) => limitInV1(join(mount, at)));
  });
}

/** A container sees its own cgroup as the root, whatever the path says: all levels are asked. */
function ancestorsOf(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [path, ...ancestorsOf(above)];
}

/** `QUOTA PERIOD` in microseconds, `max` where there is no limit. */
function limitInV2(folder: string): number[] {
  const [quota, period] = (readIfThere(join(folder, 'cpu.max')) ?? '').split(' ');
  return quotient(quota, period);
}

function limitInV1(folder: string): number[] {
  const read = (name: string): string | undefined =>
    readIfThere(join(folder, `cpu.cfs_${name}_us`));
  return quotient(read('quota'), read('period'));
}

/** No limit: no quota, or -1 in version 1. */
function quotient(quota: string | undefined, period: string | undefined): number[] {
  const limit = Number(quota) / Number(period);
  return limit > 0 && Number.isFinite(limit) ? [limit] : [];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not Linux, or a level that this process does not see.
    return undefined;
  }
}

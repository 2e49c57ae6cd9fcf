/**
 * For tests: gangs on this machine, in this process or in processes of their own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { Gang, GangOptions } from './gang.ts';
import { joinGang } from './join-gang.ts';

export function aGangFolder(): string {
  return temporaryFolder('gang-');
}

export function gangOptions(
  rank: number,
  replicas: number,
  folder: string,
  changes: Partial<GangOptions> = {},
): GangOptions {
  return {
    rank,
    replicas,
    jobUid: 'job',
    peers: `dir:${folder}`,
    grpcAddress: '127.0.0.1:0',
    backend: 'cpu',
    arena: new SharedArrayBuffer(4 * 100_000),
    allReduce: {
      algorithm: 'auto',
      wireType: 'float32',
      bucketBytes: 1 << 20,
      timeoutSeconds: 10,
    },
    startTimeoutSeconds: 20,
    ...changes,
  };
}

/** A whole gang in this process; it leaves when the test ends. */
export async function joinAll(
  context: TestContext,
  replicas: number,
  changes: Partial<Omit<GangOptions, 'arena'>> = {},
): Promise<{ gangs: Gang[]; arenas: Float32Array[] }> {
  const folder = aGangFolder();
  const all = Array.from({ length: replicas }, (_, rank) =>
    gangOptions(rank, replicas, folder, changes),
  );
  const gangs = await Promise.all(all.map(joinGang));
  context.after(() => Promise.all(gangs.map((gang) => gang.leave())));
  return { gangs, arenas: all.map(({ arena }) => new Float32Array(arena)) };
}

/** Joins one rank; it leaves when the test ends. */
export async function join(context: TestContext, options: GangOptions): Promise<Gang> {
  const gang = await joinGang(options);
  context.after(() => gang.leave());
  return gang;
}

/** A worker in a process of its own that sums bucket 0 step after step until it is ended. */
export function spawnWorker(context: TestContext, options: GangOptions): ChildProcess {
  const file = new URL('./lone-worker.testing.ts', import.meta.url).pathname;
  const { arena, ...plain } = options;
  const argument = JSON.stringify({ ...plain, arenaBytes: arena.byteLength });
  const child = spawn(process.execPath, [file, argument], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  return child;
}

/** The same in this process. Rejects when the gang is over. */
export async function sumForever({ collective }: Gang): Promise<never> {
  for (let step = 0; ; step += 1) {
    await collective.allReduce({ offset: 0, length: 1000, step, bucket: 0 });
  }
}

/**
 * For tests: the process that `spawnWorker` starts. Its argument is a JSON of GangOptions with
 * `arenaBytes` in place of the arena. Ends with the exit code of what ended its gang.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { GangOptions } from './gang.ts';
import { joinGang } from './join-gang.ts';
import { sumForever } from './local-gang.testing.ts';

const { arenaBytes, ...options } = JSON.parse(process.argv[2] ?? '') as Omit<
  GangOptions,
  'arena' | 'signal'
> & { readonly arenaBytes: number };
const gang = await joinGang({ ...options, arena: new SharedArrayBuffer(arenaBytes) });
try {
  await sumForever(gang);
} catch (error) {
  await gang.leave();
  process.exitCode = error instanceof Failure ? error.exitCode : 1;
}

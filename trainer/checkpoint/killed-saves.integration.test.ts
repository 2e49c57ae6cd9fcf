import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCheckpoints } from './open-checkpoints.ts';
import { sampleRun, sampleState } from './sample-state.ts';

const instants = 24;
const floats = 200_000;
/** About the time of one save of that many numbers: kills fall on all of its parts. */
const saveMs = 25;

/** mulberry32: the instants are the same in each run of the test. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Told {
  begun: number;
  durable: number;
}

/** Kills with SIGKILL `delayMs` after the begin of the save number `saves`. */
async function killDuringSave(directory: string, saves: number, delayMs: number): Promise<Told> {
  const child = fork(join(import.meta.dirname, 'saves-until-killed.ts'), [
    directory,
    String(floats),
  ]);
  const told: Told = { begun: 0, durable: 0 };
  let begins = 0;
  const reached = Promise.withResolvers<void>();
  child.on('message', (message: Partial<Told>) => {
    Object.assign(told, message);
    if (message.begun !== undefined && (begins += 1) === saves) reached.resolve();
  });
  child.on('exit', () => reached.resolve());
  await reached.promise;
  await sleep(delayMs);
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  return told;
}

test('a SIGKILL at any instant of a save leaves the last or the previous checkpoint whole', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'checkpoints-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const random = seededRandom(20_261_123);
  let cleaned = 0;
  for (let instant = 0; instant < instants; instant += 1) {
    const told = await killDuringSave(directory, 1 + Math.floor(random() * 4), random() * saveMs);
    const onNotice = (): number => (cleaned += 1);
    const checkpoints = await openCheckpoints(directory, { keep: 2, onNotice });
    const state = await checkpoints.loadLatest({ runConfigDigest: sampleRun });
    await checkpoints.close();
    assert.ok(state !== null || told.durable === 0, `instant ${instant}: all checkpoints are gone`);
    if (state === null) continue;
    assert.deepEqual(state.skipped, [], `instant ${instant}: a torn checkpoint was published`);
    // Published and not yet told of, or told of: never older than what was told.
    assert.ok(state.step >= told.durable && state.step <= told.begun, `instant ${instant}`);
    const { tensors, extra } = sampleState(state.step, floats);
    assert.deepEqual(state.tensors, tensors);
    assert.deepEqual(state.extra, extra);
    const names = await readdir(directory);
    assert.ok(names.every((name) => name.startsWith('step-')) && names.length <= 3);
  }
  assert.ok(
    cleaned > instants / 4,
    `only ${cleaned} kills met a save half written: shift the instants`,
  );
});

/**
 * A run that is killed again and again, at any instant, ends with the model of an undisturbed one,
 * to the bit. Dropout, BatchNorm, Adam and shuffling all have state that would show a difference.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGang, testFolder, type TestFolder, type WorkerEnd } from '../gang.ts';
import { claims, makeVolumes, runConfigOf } from './run-config.ts';

const replicas = 2;
const killsPerSeed = 10;
/** Kills fall between the start of training and this long after it. */
const latestKillMs = 1_500;

const runConfig = runConfigOf({
  replicas,
  topology: {
    class_name: 'Sequential',
    config: {
      name: 'stateful',
      layers: [
        { class_name: 'Flatten', config: { name: 'pixels', batch_input_shape: [null, 28, 28, 1] } },
        { class_name: 'Dense', config: { name: 'hidden', units: 64, activation: 'relu' } },
        { class_name: 'BatchNormalization', config: { name: 'norm' } },
        { class_name: 'Dropout', config: { name: 'drop', rate: 0.3 } },
        { class_name: 'Dense', config: { name: 'scores', units: 10, activation: 'softmax' } },
      ],
    },
  },
  training: { epochs: 12, learningRateSchedule: { name: 'cosine', warmupSteps: 20 } },
  spec: {
    // Every other step saves, so that many kills fall into a save.
    checkpoint: { uri: `pvc://${claims.output}/checkpoints`, everySteps: 2, keep: 2 },
  },
});

async function makeFolder(): Promise<TestFolder> {
  const folder = await testFolder();
  await makeVolumes(folder, { train: 1600, test: 100 });
  await mkdir(folder.claim(claims.output));
  return folder;
}

function digestOf(ends: readonly WorkerEnd[]): string {
  for (const end of ends) {
    assert.equal(end.code, 0, `worker ${end.rank}: ${end.termination?.message}\n${end.log}`);
  }
  const digest = ends[0]?.termination?.summary?.modelDigest;
  assert.ok(digest);
  return digest;
}

/** A small generator with a printed seed: mulberry32, public domain, Tommy Ettinger. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Starts the run and kills all workers `delayMs` after training began; undefined if it ended. */
async function runAndKill(
  folder: TestFolder,
  delayMs: number,
): Promise<readonly WorkerEnd[] | undefined> {
  const gang = await startGang(folder, runConfig, replicas);
  await gang.logged('gang complete');
  await sleep(delayMs);
  for (const child of gang.processes) child.kill('SIGKILL');
  const ends = await gang.ends;
  return ends.every(({ code }) => code === 0) ? ends : undefined;
}

test('SIGKILL of all workers at any instant changes nothing in the end', async (t) => {
  await using calm = await makeFolder();
  const undisturbed = digestOf(await (await startGang(calm, runConfig, replicas)).ends);
  for (const seed of [20_261_123, randomInt(2 ** 31)]) {
    await t.test(`seed ${seed}: ${killsPerSeed} kills`, async () => {
      const random = randomFrom(seed);
      let folder = await makeFolder();
      try {
        for (let kill = 0; kill < killsPerSeed; kill++) {
          const ends = await runAndKill(folder, random() * latestKillMs);
          if (ends === undefined) continue;
          // It came to its end before the kill: check it, and go on with a new run.
          assert.equal(digestOf(ends), undisturbed);
          await folder[Symbol.asyncDispose]();
          folder = await makeFolder();
        }
        const ends = await (await startGang(folder, runConfig, replicas)).ends;
        assert.equal(digestOf(ends), undisturbed);
      } finally {
        await folder[Symbol.asyncDispose]();
      }
    });
  }
});

/**
 * A run that is killed again and again, at any instant, ends with the model of an undisturbed one,
 * to the bit. Dropout, BatchNorm, Adam and shuffling all have state that would show a difference.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment } from '@tfjs-operator/api/environment.ts';
import { startGang, testFolder, type TestFolder, type TestGang, type WorkerEnd } from '../gang.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../tensorflow-addon.ts';
import { claims, makeVolumes, runConfigOf } from './run-config.ts';

const replicas = 2;
/** Kills fall between the start of training and this long after it. */
const latestKillMs = 1_500;
type Env = Readonly<Record<string, string>>;

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

function start(folder: TestFolder, env: Env): Promise<TestGang> {
  return startGang(folder, runConfig, replicas, { env });
}

/** Starts the run and kills all workers `delayMs` after training began; undefined if it ended. */
async function runAndKill(
  folder: TestFolder,
  delayMs: number,
  env: Env,
): Promise<readonly WorkerEnd[] | undefined> {
  const gang = await start(folder, env);
  await gang.logged('gang complete');
  await sleep(delayMs);
  for (const child of gang.processes) child.kill('SIGKILL');
  const ends = await gang.ends;
  return ends.every(({ code }) => code === 0) ? ends : undefined;
}

/** One fixed and one fresh seed; the fresh one is printed. */
async function withstandKills(t: TestContext, killsPerSeed: number, env: Env): Promise<void> {
  await using calm = await makeFolder();
  const undisturbed = digestOf(await (await start(calm, env)).ends);
  for (const seed of [20_261_123, randomInt(2 ** 31)]) {
    await t.test(`seed ${seed}: kills: ${killsPerSeed}`, async () => {
      const random = randomFrom(seed);
      let folder = await makeFolder();
      try {
        for (let kill = 0; kill < killsPerSeed; kill++) {
          const ends = await runAndKill(folder, random() * latestKillMs, env);
          if (ends === undefined) continue;
          // It came to its end before the kill: check it, and go on with a new run.
          assert.equal(digestOf(ends), undisturbed);
          await folder[Symbol.asyncDispose]();
          folder = await makeFolder();
        }
        assert.equal(digestOf(await (await start(folder, env)).ends), undisturbed);
      } finally {
        await folder[Symbol.asyncDispose]();
      }
    });
  }
}

describe('SIGKILL of all workers at any instant changes nothing in the end', () => {
  test('on wasm', (t) => withstandKills(t, 10, {}));

  test('on tensorflow', needsTensorflowAddon(), async (t) => {
    // With it, `auto` takes tensorflow.
    await withstandKills(t, 1, { [environment.tensorflowHome]: await tensorflowAddon() });
  });
});

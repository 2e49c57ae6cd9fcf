/** Two workers train a small network on the first digits of MNIST with the real TensorFlow library. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment } from '@tfjs-operator/api/environment.ts';
import type { Progress } from '@tfjs-operator/api/progress.ts';
import type { Result } from '@tfjs-operator/api/result.ts';
import { startGang, testFolder, type TestGang } from '../gang.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../tensorflow-addon.ts';
import { claims, makeVolumes, runConfigOf, topologies } from './run-config.ts';

const replicas = 2;
/** Of 400 digits; a guess is right in a tenth of them, the network ends at 0.89. */
const leastAccuracy = 0.85;

const runConfig = runConfigOf({
  replicas,
  topology: topologies.cnn,
  training: { epochs: 12, learningRateSchedule: { name: 'cosine', warmupSteps: 10 } },
});

interface Run {
  readonly result: Result;
  /** Each worker's own document, once rank 0 knew of all workers and all had computed a step. */
  readonly progress: readonly Progress[];
}

describe('two workers on tensorflow', needsTensorflowAddon(), () => {
  let first: Run;
  before(async () => {
    first = await train();
  });

  test('learn to read digits', () => {
    const { accuracy, backend, workers } = first.result.summary;
    assert.equal(backend, 'tensorflow');
    assert.equal(workers, replicas);
    assert.ok(accuracy !== null && accuracy >= leastAccuracy, `accuracy ${accuracy}`);
  });

  test('say at /progress that they compute on tensorflow, by graphs', () => {
    assert.deepEqual(
      first.progress[0]?.workers.map(({ rank, backend }) => [rank, backend]),
      [
        [0, 'tensorflow'],
        [1, 'tensorflow'],
      ],
    );
    for (const { backend, execution } of first.progress) {
      assert.equal(backend?.name, 'tensorflow');
      assert.equal(execution?.mode, 'compiled', execution?.reason);
    }
  });

  test('end with the same model again', async () => {
    const second = await train();
    assert.equal(second.result.summary.modelDigest, first.result.summary.modelDigest);
  });
});

async function train(): Promise<Run> {
  await using folder = await testFolder();
  await makeVolumes(folder, { train: 1600, test: 400 });
  await mkdir(folder.claim(claims.output));
  const env = { [environment.tensorflowHome]: await tensorflowAddon() };
  const gang = await startGang(folder, runConfig, replicas, { env });
  const progress = await progressOf(gang);
  for (const { rank, code, log, termination } of await gang.ends) {
    assert.equal(code, 0, `worker ${rank}: ${termination?.message}\n${log}`);
  }
  const file = join(folder.claim(claims.output), 'model', 'result.json');
  return { result: JSON.parse(await readFile(file, 'utf8')) as Result, progress };
}

/** Asked again and again until all is known or the gang has ended. */
async function progressOf(gang: TestGang): Promise<readonly Progress[]> {
  const ranks = Array.from({ length: replicas }, (_, rank) => rank);
  const addresses = await Promise.all(ranks.map((rank) => gang.httpAddress(rank)));
  let ended = false;
  void gang.ends.then(() => (ended = true));
  let last: readonly Progress[] = [];
  const isKnown = (): boolean =>
    last[0]?.workers.length === replicas && last.every(({ execution }) => execution !== null);
  while (!ended && !isKnown()) {
    await sleep(20);
    const asked = addresses.map(async (address) => {
      const document: unknown = await (await fetch(`http://${address}/progress`)).json();
      return document as Progress;
    });
    // A worker that has just ended does not answer.
    last = await Promise.all(asked).catch(() => last);
  }
  return last;
}

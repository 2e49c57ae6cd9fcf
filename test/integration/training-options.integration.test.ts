/** What a run config can ask of a training, seen from outside: result, progress and metrics. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { validateProgress, validateResult } from '@tfjs-operator/api/generated/validators.js';
import type { Progress } from '@tfjs-operator/api/progress.ts';
import type { Result } from '@tfjs-operator/api/result.ts';
import { startGang, testFolder, type TestFolder } from '../gang.ts';
import { claims, makeVolumes, runConfigOf, topologies, type TestRun } from './run-config.ts';

async function makeFolder(train = 320): Promise<TestFolder> {
  const folder = await testFolder();
  await makeVolumes(folder, { train, test: 100 });
  await mkdir(folder.claim(claims.output));
  return folder;
}

/** Trains to the end and returns the result document. */
async function train(
  run: Omit<TestRun, 'topology'> & { readonly samples?: number },
): Promise<Result> {
  await using folder = await makeFolder(run.samples);
  const replicas = run.replicas ?? 2;
  const runConfig = runConfigOf({ topology: topologies.mlp, ...run });
  const ends = await (await startGang(folder, runConfig, replicas)).ends;
  for (const end of ends) {
    assert.equal(end.code, 0, `worker ${end.rank}: ${end.termination?.message}\n${end.log}`);
  }
  const path = join(folder.claim(claims.output), 'model', 'result.json');
  const result: unknown = JSON.parse(await readFile(path, 'utf8'));
  assert.ok(validateResult(result), JSON.stringify(validateResult.errors));
  return result;
}

const withValidation = {
  dataset: {
    ...(runConfigOf({ topology: topologies.mlp }).dataset as object),
    split: {
      seed: 1,
      stratify: true,
      validation: { fraction: 0.25 },
      test: {
        source: { features: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
      },
    },
  },
};

test('early stopping ends a run that no longer improves', async () => {
  const { summary, history } = await train({
    training: {
      epochs: 20,
      optimizer: { name: 'sgd', learningRate: 1e-9 },
      earlyStopping: { monitor: 'val_loss', mode: 'min', patience: 2, minDelta: 0.001 },
    },
    spec: withValidation,
  });
  assert.equal(summary.epochs, 3);
  assert.equal(history.length, 3);
});

test('linear scaling multiplies the learning rate by the workers, and a warm-up leads to it', async () => {
  const { history } = await train({
    training: {
      epochs: 2,
      optimizer: { name: 'sgd', learningRate: 0.01 },
      scaleLearningRate: 'linear',
      learningRateSchedule: { name: 'constant', warmupSteps: 15 },
    },
  });
  // 10 steps per epoch; the rate recorded is that of the epoch's last step.
  assert.deepEqual(
    history.map(({ learningRate }) => Number(learningRate.toFixed(6))),
    [0.012, 0.02],
  );
});

test('augmented training does not depend on the number of workers', async () => {
  const spec = {
    dataset: {
      ...(runConfigOf({ topology: topologies.mlp }).dataset as object),
      augmentation: [
        { name: 'shift', amount: 2 },
        { name: 'rotate', amount: 10 },
        { name: 'noise', amount: 0.05 },
      ],
    },
  };
  const [alone, together] = [
    await train({ replicas: 1, spec }),
    await train({ replicas: 2, spec }),
  ];
  assert.ok(Math.abs(alone.summary.loss - together.summary.loss) < 1e-5 * alone.summary.loss);
});

for (const allReduce of [
  { algorithm: 'ring', wireType: 'float32' },
  { algorithm: 'direct', wireType: 'bfloat16' },
]) {
  test(`three workers learn with ${allReduce.algorithm} and ${allReduce.wireType}`, async () => {
    const { summary, evaluation } = await train({
      replicas: 3,
      samples: 960,
      training: { epochs: 3 },
      spec: { allReduce },
    });
    assert.equal(summary.workers, 3);
    assert.equal(evaluation?.samples, 100);
    assert.ok((summary.accuracy ?? 0) > 0.6, `accuracy ${summary.accuracy}`);
    // Whatever the wire type, counts are exact.
    assert.equal(
      evaluation?.confusion.flat().reduce((sum, count) => sum + count),
      100,
    );
  });
}

test('a running worker serves progress, metrics and health', async () => {
  await using folder = await makeFolder(3200);
  const runConfig = runConfigOf({ topology: topologies.mlp, training: { epochs: 30 } });
  const gang = await startGang(folder, runConfig, 2);
  const address = await gang.httpAddress(0);
  await gang.logged('gang complete');
  let progress: Progress | undefined;
  for (let tries = 0; tries < 200 && (progress?.step ?? 0) < 20; tries++) {
    await sleep(50);
    const document: unknown = await (await fetch(`http://${address}/progress`)).json();
    assert.ok(validateProgress(document), JSON.stringify(validateProgress.errors));
    progress = document;
  }
  assert.equal(progress?.phase, 'training');
  assert.equal(progress?.workers.length, 2);
  assert.equal(progress?.totalSteps, 3000);
  for (const { computeShare, communicationShare, waitShare } of progress?.workers ?? []) {
    const sum = computeShare + communicationShare + waitShare;
    assert.ok(Math.abs(sum - 1) < 0.01, `shares sum to ${sum}`);
  }
  assert.equal((await fetch(`http://${address}/healthz`)).status, 200);
  assert.equal((await fetch(`http://${address}/readyz`)).status, 200);
  const metrics = await (await fetch(`http://${address}/metrics`)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
  assert.ok(value('tfjs_trainer_step') >= 20);
  assert.equal(value('tfjs_trainer_world_size'), 2);
  assert.ok(value('tfjs_trainer_samples_total') >= 20 * 16);
  for (const child of gang.processes) child.kill('SIGTERM');
  await gang.ends;
});

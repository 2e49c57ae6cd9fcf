import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { runConfigOf, topologies } from '../../test/integration/run-config.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { TrainingStep } from '../step/training-step.ts';
import { openJobCheckpoints, type JobCheckpoints } from './job-checkpoints.ts';
import { newRunMemory } from './run-memory.ts';
import type { TrainingCursor } from './training-loop.ts';

const runConfig = runConfigOf({
  topology: topologies.mlp,
  spec: { checkpoint: { uri: 'pvc://output/checkpoints', everySteps: 5, keep: 2 } },
});

function cursorAt(stepsDone: number): TrainingCursor {
  return { epoch: 0, stepsDone, memory: newRunMemory(), bestWeights: [] };
}

async function open(root: string, saved: number[] = []): Promise<JobCheckpoints> {
  mkdirSync(join(root, 'output'), { recursive: true });
  const state: TrainingStep['state'] = () => [
    { name: 'w', shape: [2], data: Float32Array.of(1, 2) },
  ];
  return openJobCheckpoints({
    runConfig,
    resolve: (uri) => join(root, uri.replace('pvc://', '')),
    step: { state } as TrainingStep,
    datasetDigest: 'sha256:data',
    log: pino({ level: 'silent' }),
    onSaved: ({ step }) => saved.push(step),
    clock: () => 0,
  });
}

test('a state is saved when the interval has passed, and the last one in any case', async () => {
  const saved: number[] = [];
  const checkpoints = await open(temporaryFolder('job-checkpoints-'), saved);
  for (let step = 1; step <= 7; step++) await checkpoints.offer(cursorAt(step), false);
  await checkpoints.offer(cursorAt(7), true);
  await checkpoints.close();
  assert.deepEqual(saved, [5, 7]);
  assert.equal((await checkpoints.load())?.step, 7);
});

test('the last state counts as saved only when its save in the background went well', async () => {
  const root = temporaryFolder('job-checkpoints-');
  const checkpoints = await open(root);
  const folder = join(root, 'output', 'checkpoints');
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'a file in the place of the folder');
  await checkpoints.offer(cursorAt(5), false);
  await assert.rejects(checkpoints.offer(cursorAt(5), true), { reason: 'StorageError' });
  await checkpoints.close();
});

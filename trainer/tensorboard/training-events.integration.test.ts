import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { EpochRecord } from '@tfjs-operator/api/result.ts';
import { cached } from '../../scripts/cache.ts';
import { needsPython, python, pythonBinary } from '../../test/python.ts';
import { openTrainingEvents } from './training-events.ts';

type Scalar = readonly [step: number, value: number, wallTime: number];
type Runs = Readonly<Record<string, Readonly<Record<string, readonly Scalar[]>>>>;

/**
 * TensorBoard without its dependencies, on top of the environment of all tests: the reader needs
 * only numpy and protobuf, which are there.
 */
function tensorBoard(): Promise<string> {
  const wheel = 'tensorboard==2.21.0';
  return cached('tensorboard', [wheel], async (target) => {
    const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--target', target];
    await promisify(execFile)(await pythonBinary(), ['-m', 'pip', 'install', ...options, wheel]);
  });
}

/** What TensorBoard itself would draw: its accumulator over both runs. */
async function readBy(directory: string): Promise<Runs> {
  const printed = await python(`
import json, sys, types
# TensorBoard's own switch to its own reader: TensorFlow takes long to load and is not needed here.
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
sys.path.insert(0, ${JSON.stringify(await tensorBoard())})
from tensorboard.backend.event_processing import event_accumulator
runs = {}
for run in ("train", "validation"):
    events = event_accumulator.EventAccumulator(${JSON.stringify(`${directory}/`)} + run, size_guidance={"scalars": 0})
    events.Reload()
    runs[run] = {tag: [(s.step, s.value, s.wall_time) for s in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
print(json.dumps(runs))
`);
  return JSON.parse(printed) as Runs;
}

function anEpoch(epoch: number): EpochRecord {
  return {
    epoch,
    step: epoch * 100,
    seconds: 1,
    metrics: { loss: 1 / epoch, val_loss: 2 / epoch, accuracy: 0.5, val_accuracy: 0.25 },
    learningRate: 0.01,
    samplesPerSecond: 1000,
    workerSamplesPerSecond: [500, 500],
  };
}

function aStep(step: number) {
  return { step, loss: 1 / step, learningRate: 0.01, gradientNorm: 2, samplesPerSecond: 900 };
}

async function aDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'events-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('TensorBoard reads every scalar with its step, value and time', needsPython(), async (t) => {
  const directory = await aDirectory(t);
  const events = await openTrainingEvents(directory, { startStep: 0, now: () => 1_795_000_000.25 });
  // Past 2^32: steps are 64-bit numbers.
  const steps = [1, 127, 128, 16_384, 5_000_000_000];
  for (const step of steps) events.addStep(aStep(step));
  for (const epoch of [1, 2]) events.addEpoch(anEpoch(epoch));
  await events.close();
  const { train, validation } = await readBy(directory);
  const expected = steps.map((step) => [step, Math.fround(1 / step), 1_795_000_000.25]);
  assert.deepEqual(train?.['step/loss'], expected);
  assert.deepEqual(Object.keys(train ?? {}).sort(), [
    'epoch/accuracy',
    'epoch/learning_rate',
    'epoch/loss',
    'epoch/samples_per_second',
    'step/gradient_norm',
    'step/learning_rate',
    'step/loss',
    'step/samples_per_second',
  ]);
  assert.deepEqual(
    validation?.['epoch/loss']?.map(([step, value]) => [step, value]),
    [
      [100, 2],
      [200, 1],
    ],
  );
  assert.deepEqual(Object.keys(validation ?? {}).sort(), ['epoch/accuracy', 'epoch/loss']);
});

test(
  'after a kill and a resume TensorBoard shows one line without a zigzag',
  needsPython(),
  async (t) => {
    const directory = await aDirectory(t);
    const first = await openTrainingEvents(directory, { startStep: 0, now: () => 1000 });
    for (let step = 1; step <= 8; step += 1) first.addStep(aStep(step));
    await first.close();
    // The kill has torn the last record.
    const [name = ''] = await readdir(join(directory, 'train'));
    const path = join(directory, 'train', name);
    await truncate(path, (await readFile(path)).length - 5);
    const second = await openTrainingEvents(directory, { startStep: 5, now: () => 2000 });
    for (let step = 6; step <= 9; step += 1) second.addStep({ ...aStep(step), loss: 0.5 });
    await second.close();
    const { train } = await readBy(directory);
    const loss = train?.['step/loss']?.map(([step, , time]) => [step, time]);
    const before = [1, 2, 3, 4, 5].map((step) => [step, 1000]);
    assert.deepEqual(loss, [...before, ...[6, 7, 8, 9].map((step) => [step, 2000])]);
  },
);

/** The backend `tensorflow` on the real library: choice, numbers, memory, and a gang of two. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { environment } from '@tfjs-operator/api/environment.ts';
import type { Result } from '@tfjs-operator/api/result.ts';
import { startGang, testFolder, type TestFolder } from '../../../test/gang.ts';
import {
  claims,
  makeVolumes,
  runConfigOf,
  topologies,
  trainingJobOf,
  weightsFile,
} from '../../../test/integration/run-config.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { loadModel } from '../../artifact/load-model.ts';
import type { NamedArray } from '../../named-array.ts';
import { relativeDifference } from '../../step/simulated-ranks.ts';
import type { StepBatch } from '../../step/training-step.ts';
import type { BackendName } from '../backend.ts';
import { chooseBackend, knownBackends, type Backends } from '../choose-backend.ts';
import { analyticGradients, layerCases, relativeError, subjectOf } from '../layer-cases.testing.ts';
import { batchFor, beginTraining, networks, type NetworkName } from '../training-models.testing.ts';

const tfjsctl = join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts');
const ignore = (): void => undefined;
const names = Object.keys(networks) as NetworkName[];
const version = /\(@tensorflow\/tfjs-node, TensorFlow 2\.\d+\.\d+(?:, \d+ threads?)?\)\.$/;
/** Two ways to sum in float32; the step's own tests hold wasm to cpu by 1e-5. */
const gradientTolerance = 1e-4;
/** Over some steps, in which BatchNormalization amplifies rounding. */
const trainedTolerance = 1e-3;
/** Some steps later a relu at zero is on in one backend and off in another, and numbers part. */
const comparableSteps = 10;

describe('the backend tensorflow', needsTensorflowAddon(), () => {
  let backends: Backends;
  before(async () => {
    backends = knownBackends({ home: await tensorflowAddon() });
  });

  test('can be named, and loads without a word of tfjs', async (t) => {
    const warn = t.mock.method(console, 'warn');
    const choice = await chooseBackend('tensorflow', backends);
    assert.equal(tf.getBackend(), 'tensorflow');
    assert.equal(choice.name, 'tensorflow');
    assert.match(choice.reason, /^The job names it: TensorFlow's C library/);
    assert.match(choice.reason, version);
    assert.deepEqual(warn.mock.calls, [], 'a second copy of tfjs warns for each kernel');
  });

  test('is what auto takes where it is there', async () => {
    await chooseBackend('cpu', backends);
    const choice = await chooseBackend('auto', backends);
    assert.equal(tf.getBackend(), 'tensorflow');
    assert.equal(choice.name, 'tensorflow');
    assert.match(choice.reason, /^The best that works here: TensorFlow's C library, on all cores/);
    assert.match(choice.reason, version);
    assert.deepEqual(choice.rejected, []);
  });

  for (const layerCase of layerCases) {
    test(`has the gradients of cpu (${layerCase.name})`, async () => {
      await chooseBackend('cpu', backends);
      const expected = analyticGradients(subjectOf(layerCase));
      await chooseBackend('tensorflow', backends);
      analyticGradients(subjectOf(layerCase)).forEach((actual, index) => {
        const error = relativeError(actual, expected[index]!);
        assert.ok(error <= gradientTolerance, `variable ${index} differs by ${error}`);
      });
    });
  }

  /** The gradient of a batch by variable. */
  async function gradientsOn(backend: BackendName, name: NetworkName): Promise<NamedArray[]> {
    await chooseBackend(backend, backends);
    using training = beginTraining(name);
    const { step } = training;
    const batch = batchFor(name, 16, 1);
    step.gradients(batch, { globalCount: batch.count, step: 0, randomKey: 1 }, ignore);
    return step.layout.buckets
      .flatMap(({ variables }) => variables)
      .map(({ name: variable, shape, offset, length }) => ({
        name: variable,
        shape,
        data: step.arena.slice(offset, offset + length),
      }));
  }

  for (const name of names) {
    test(`computes the step's gradients as cpu and wasm do (${name})`, async () => {
      const actual = await gradientsOn('tensorflow', name);
      for (const reference of ['cpu', 'wasm'] as const) {
        assertClose(actual, await gradientsOn(reference, name), gradientTolerance);
      }
    });
  }

  async function trainOn(backend: BackendName, name: NetworkName): Promise<NamedArray[]> {
    await chooseBackend(backend, backends);
    using training = beginTraining(name);
    for (let index = 0; index < comparableSteps; index++)
      trainStep(training.step, batchFor(name, 16, index));
    return training.step.state();
  }

  for (const name of names) {
    test(`is where wasm is after ${comparableSteps} steps, and again in a second run (${name})`, async () => {
      const actual = await trainOn('tensorflow', name);
      assertClose(actual, await trainOn('wasm', name), trainedTolerance);
      assertSameBits(await trainOn('tensorflow', name), actual);
    });

    test(`keeps no tensor over 50 steps (${name})`, async () => {
      await chooseBackend('tensorflow', backends);
      using training = beginTraining(name);
      const batch = batchFor(name, 4, 1);
      trainStep(training.step, batch);
      const { numTensors, numDataBuffers, numBytes } = tf.memory();
      for (let index = 0; index < 50; index++) trainStep(training.step, batch);
      const after = tf.memory();
      assert.deepEqual(
        [after.numTensors, after.numDataBuffers, after.numBytes],
        [numTensors, numDataBuffers, numBytes],
      );
    });
  }

  test('is done with memory that it was given when gradients or apply returns', async () => {
    await chooseBackend('tensorflow', backends);
    const name = 'batchNormalization';
    const train = (overwrite: boolean): NamedArray[] => {
      using training = beginTraining(name);
      const { step } = training;
      for (let index = 0; index < 5; index++) {
        const batch = inAliasedMemory(batchFor(name, 16, index));
        step.gradients(batch, { globalCount: batch.count, step: index, randomKey: 1 }, ignore);
        if (overwrite) {
          batch.x.fill(NaN);
          batch.y.fill(-1);
        }
        step.apply({ learningRate: 0.05, step: index });
        if (overwrite) step.arena.fill(NaN);
      }
      return step.state();
    };
    assertSameBits(train(true), train(false));
  });

  test('trains in a gang of two to what wasm trains', async () => {
    const home = await tensorflowAddon();
    const tensorflow = await trainGang('tensorflow', { [environment.tensorflowHome]: home });
    assert.equal(tensorflow.result.summary.backend, 'tensorflow');
    assert.equal(tensorflow.result.summary.workers, 2);
    assert.match(tensorflow.result.backend.reason, version);
    const wasm = await trainGang('wasm', {});
    assertClose(tensorflow.weights, wasm.weights, trainedTolerance);
  });

  test('is what auto takes in a local run, which hands its place and threads to the workers', async () => {
    const { backend, execution } = await runLocally({
      [environment.tensorflowHome]: await tensorflowAddon(),
    });
    assert.equal(backend.name, 'tensorflow');
    assert.match(backend.reason, version);
    // The two workers share the cores.
    const threads = Math.max(1, Math.floor(availableParallelism() / 2));
    assert.match(backend.reason, new RegExp(`, ${threads} threads?\\)\\.$`));
    assert.equal(execution.mode, 'compiled', execution.reason);
  });
});

/** Runs a small job with tfjsctl and returns its result. */
async function runLocally(env: Readonly<Record<string, string>>): Promise<Result> {
  await using folder = await testFolder();
  await makeVolumes(folder, { train: 64, test: 16 });
  await mkdir(folder.claim(claims.output));
  const manifest = join(folder.path, 'job.json');
  await writeFile(manifest, JSON.stringify(trainingJobOf({ topology: topologies.mlp })));
  const volumes = [claims.data, claims.output].map((name) => `${name}=${folder.claim(name)}`);
  const options = volumes.flatMap((volume) => ['--volume', volume]);
  await promisify(execFile)(process.execPath, [tfjsctl, 'run', manifest, ...options], {
    cwd: folder.path,
    env: { ...process.env, ...env },
  });
  return readResult(folder);
}

async function readResult(folder: TestFolder): Promise<Result> {
  const file = join(folder.claim(claims.output), 'model', 'result.json');
  return JSON.parse(await readFile(file, 'utf8')) as Result;
}

function trainStep(step: ReturnType<typeof beginTraining>['step'], batch: StepBatch): void {
  step.gradients(batch, { globalCount: batch.count, step: step.iteration, randomKey: 1 }, ignore);
  step.apply({ learningRate: 0.05, step: step.iteration });
}

/** Each array is relative to the greatest number of its reference. */
function assertClose(
  actual: readonly NamedArray[],
  expected: readonly NamedArray[],
  tolerance: number,
): void {
  assert.equal(actual.length, expected.length);
  expected.forEach(({ name, data }, index) => {
    const difference = relativeDifference(actual[index]!.data, data);
    assert.ok(difference <= tolerance, `${name} differs by ${difference}`);
  });
}

function assertSameBits(actual: readonly NamedArray[], expected: readonly NamedArray[]): void {
  const values = (arrays: readonly NamedArray[]): Float32Array[] => arrays.map(({ data }) => data);
  assert.deepEqual(values(actual), values(expected));
}

/** The batch in shared memory that TensorFlow uses in place, as that of a real batch can be. */
function inAliasedMemory({ x, y, count }: StepBatch): StepBatch & { readonly y: Int32Array } {
  const floats = aliased(x.length, (memory, offset) => new Float32Array(memory, offset, x.length));
  const numbers = aliased(y.length, (memory, offset) => new Int32Array(memory, offset, y.length));
  floats.set(x);
  numbers.set(y);
  return { x: floats, y: numbers, count };
}

/** TensorFlow's alignment in bytes, EIGEN_MAX_ALIGN_BYTES; other memory it copies. */
const alignment = 64;

function aliased<T extends Float32Array | Int32Array>(
  length: number,
  view: (memory: SharedArrayBuffer, offset: number) => T,
): T {
  const memory = new SharedArrayBuffer(4 * length + alignment);
  for (let offset = 0; offset < alignment; offset += 4) {
    const values = view(memory, offset);
    const isAliased = tf.tidy(() => {
      const tensor = tf.tensor1d(values, values instanceof Int32Array ? 'int32' : 'float32');
      // An operation moves the values into the library, which copies them or does not.
      tf.neg(tensor);
      values[0] = 7;
      return tf.neg(tensor).dataSync()[0] === -7;
    });
    values[0] = 0;
    if (isAliased) return values;
  }
  throw new Error('TensorFlow copies from every address: this test has lost its subject');
}

async function trainGang(
  backend: BackendName,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly result: Result; readonly weights: readonly NamedArray[] }> {
  await using folder = await testFolder();
  await makeVolumes(folder, { train: 320, test: 64 });
  await mkdir(folder.claim(claims.output));
  const spec = { workers: { replicas: 2, backend } };
  const runConfig = runConfigOf({ topology: topologies.cnn, spec });
  const gang = await startGang(folder, runConfig, 2, { env });
  for (const { rank, code, log, termination } of await gang.ends) {
    assert.equal(code, 0, `worker ${rank}: ${termination?.message}\n${log}`);
  }
  const result = await readResult(folder);
  return { result, weights: (await loadModel(weightsFile(folder))).weights };
}

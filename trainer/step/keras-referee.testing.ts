/**
 * For tests: Keras as the referee of training. Writes model, digits and settings of cases to a
 * folder, lets Keras train them in one process, and returns its losses.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as tfl from '@tensorflow/tfjs-layers';
import { python } from '../../test/python.ts';
import { writeModel } from '../artifact/write-model.ts';
import { savedModelOf } from '../model/saved-model-of.ts';
import type { Digits, FidelityCase } from './fidelity-case.testing.ts';

export interface KerasSettings {
  /**
   * Every initial weight is moved by one rounding, up or down as this seed says: what Keras then
   * differs from itself is what no two implementations can fall below.
   */
  readonly roundingSeed?: number;
  /** Default float32. */
  readonly dtype?: 'float32' | 'float64';
  /** Of a single operation; default all cores. */
  readonly threads?: number;
  /** oneDNN's kernels instead of Eigen's; default false. */
  readonly oneDnn?: boolean;
}

/** What Keras is told of a case; files lie in the folder. */
export interface KerasJob {
  readonly name: string;
  readonly model: string;
  readonly pixels: string;
  readonly labels: string;
  readonly sampleShape: readonly number[];
  readonly batchSize: number;
  readonly steps: number;
  readonly totalSteps: number;
  readonly warmupSteps: number;
  readonly optimizer: string;
  readonly learningRate: number;
}

/** Writes the model with the weights that it has now. */
export async function prepareForKeras(
  folder: string,
  fidelity: FidelityCase,
  model: tfl.LayersModel,
  digits: Digits,
): Promise<KerasJob> {
  const place = join(folder, fidelity.name.replaceAll(/[^a-z0-9]+/g, '-'));
  await mkdir(place);
  await writeModel(place, await savedModelOf(model, fidelity.topology), {
    formats: ['keras-h5'],
    quantization: 'none',
    metadata: {},
    generatedBy: 'test',
  });
  const files = {
    model: join(place, 'model.h5'),
    pixels: join(place, 'pixels.u8'),
    labels: join(place, 'labels.i32'),
  };
  await writeFile(files.pixels, digits.pixels);
  await writeFile(files.labels, digits.labels);
  const { name, sampleShape, batchSize, steps, totalSteps, warmupSteps, optimizer } = fidelity;
  return {
    ...files,
    ...{ name, sampleShape, batchSize, steps, totalSteps, warmupSteps },
    optimizer: optimizer.name,
    learningRate: optimizer.learningRate,
  };
}

/** The losses of each job by its name. */
export async function lossesInKeras(
  jobs: readonly KerasJob[],
  { dtype = 'float32', threads = 0, oneDnn = false, roundingSeed }: KerasSettings = {},
): Promise<Readonly<Record<string, readonly number[]>>> {
  const program = await readFile(new URL('./keras-fidelity.testing.py', import.meta.url), 'utf8');
  const environment = { TF_ENABLE_ONEDNN_OPTS: oneDnn ? '1' : '0' };
  const settings = JSON.stringify({ cases: jobs, dtype, threads, roundingSeed, environment });
  const output = await python(`import json\nsettings = json.loads(r'''${settings}''')\n${program}`);
  return JSON.parse(output) as Readonly<Record<string, readonly number[]>>;
}

/**
 * What is trained: the five networks with their batch sizes, and batches that all engines share, so
 * that their losses can be compared. The samples are noise around one pattern per class: a network
 * that learns shows it within a few steps. Times do not depend on the values.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Workload {
  readonly model: string;
  readonly topologyFile: string;
  readonly sampleShape: readonly number[];
  readonly batchSize: number;
}

const CLASSES = 10;
/** Different memory in every step, as in training, and small enough to stay in files' cache. */
const BATCH_COUNT = 16;
/** Of the pattern in a sample; the rest is noise. */
const PATTERN_SHARE = 0.3;

const workload = (
  model: string,
  sampleShape: readonly number[],
  batchSize: number,
): readonly [string, Workload] => {
  const topologyFile = join(import.meta.dirname, 'models', `${model}.json`);
  return [model, { model, topologyFile, sampleShape, batchSize }];
};

export const workloads: ReadonlyMap<string, Workload> = new Map([
  workload('mlp', [784], 128),
  workload('cnn', [28, 28, 1], 128),
  workload('lstm', [28, 28], 128),
  workload('resnet20', [32, 32, 3], 64),
  workload('transformer', [64, 32], 64),
]);

/** Of Adam. */
export interface OptimizerSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Keras's defaults, for all engines. */
export const optimizer: OptimizerSettings = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-7,
};

/** What an engine needs to know of the batches. */
export interface BatchFile {
  /** All samples as float32, then all labels as int32, little-endian. */
  readonly file: string;
  readonly batchCount: number;
  readonly batchSize: number;
  readonly sampleShape: readonly number[];
}

/** Writes the batches of a workload; the same for the same seed. */
export async function writeBatches(
  { model, sampleShape, batchSize }: Workload,
  { folder, random }: { readonly folder: string; readonly random: () => number },
): Promise<BatchFile> {
  const size = sampleShape.reduce((product, length) => product * length, 1);
  const patterns = Float32Array.from({ length: CLASSES * size }, random);
  const count = BATCH_COUNT * batchSize;
  const labels = Int32Array.from({ length: count }, () => Math.floor(random() * CLASSES));
  const samples = Float32Array.from({ length: count * size }, (_, index) => {
    const label = labels[Math.floor(index / size)]!;
    const pattern = patterns[label * size + (index % size)]!;
    return PATTERN_SHARE * pattern + (1 - PATTERN_SHARE) * random();
  });
  const file = join(folder, `${model}.batches`);
  await writeFile(file, Buffer.concat([bytesOf(samples), bytesOf(labels)]));
  return { file, batchCount: BATCH_COUNT, batchSize, sampleShape };
}

function bytesOf({ buffer, byteLength }: Float32Array | Int32Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, 0, byteLength);
}

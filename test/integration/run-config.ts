/** Run configs for integration tests: the first digits of MNIST with small networks. */
import { join } from 'node:path';
import { mergeRunConfig } from '@tfjs-operator/api/run-config/merge-run-config.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import type { TestFolder } from '../gang.ts';
import { writeSmallMnist } from '../small-mnist.ts';

type Json = Readonly<Record<string, unknown>>;

/** Claims of the test's volumes. */
export const claims = { data: 'digits', output: 'output' } as const;

/** Makes the volumes of the run configs below. */
export async function makeVolumes(
  folder: TestFolder,
  samples: { readonly train: number; readonly test: number },
): Promise<void> {
  await writeSmallMnist(folder.claim(claims.data), samples);
}

const layer = (class_name: string, config: Json): Json => ({ class_name, config });
const softmax = layer('Dense', { name: 'scores', units: 10, activation: 'softmax' });

function sequential(first: Json, ...others: readonly Json[]): Json {
  return {
    class_name: 'Sequential',
    config: { name: 'test', layers: [first, ...others, softmax] },
  };
}

export const topologies = {
  mlp: sequential(
    layer('Flatten', { name: 'pixels', batch_input_shape: [null, 28, 28, 1] }),
    layer('Dense', { name: 'hidden', units: 32, activation: 'relu' }),
  ),
  cnn: sequential(
    layer('Conv2D', {
      name: 'conv',
      batch_input_shape: [null, 28, 28, 1],
      filters: 8,
      kernel_size: [3, 3],
      strides: [2, 2],
      activation: 'relu',
    }),
    layer('MaxPooling2D', { name: 'pool', pool_size: [2, 2] }),
    layer('Flatten', { name: 'flat' }),
  ),
  lstm: sequential(
    layer('Reshape', {
      name: 'rows',
      batch_input_shape: [null, 28, 28, 1],
      target_shape: [28, 28],
    }),
    layer('LSTM', { name: 'memory', units: 16 }),
  ),
} as const;

export interface TestRun {
  readonly topology: Json;
  readonly replicas?: number;
  readonly training?: Json;
  /** Replaces parts of spec. */
  readonly spec?: Json;
}

/** A TrainingJob with everything that the tests share, merged like any other. */
export function runConfigOf(run: TestRun): RunConfig {
  return mergeRunConfig({ trainingJob: trainingJobOf(run) });
}

export function trainingJobOf({ topology, replicas = 2, training = {}, spec = {} }: TestRun): Json {
  const digits = (part: string): Json => ({
    features: `${part}-images-idx3-ubyte`,
    labels: `${part}-labels-idx1-ubyte`,
  });
  return {
    apiVersion: 'tfjs-operator.io/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name: 'test', namespace: 'default' },
    spec: {
      model: { inline: topology },
      training: {
        inline: {
          epochs: 1,
          batchSize: 32,
          optimizer: { name: 'adam', learningRate: 0.003 },
          loss: { name: 'categoricalCrossentropy' },
          metrics: ['accuracy'],
          seed: 7,
          ...training,
        },
      },
      dataset: {
        uri: `pvc://${claims.data}`,
        format: 'idx',
        train: digits('train'),
        features: { shape: [28, 28, 1], standardize: 'scale' },
        labels: { type: 'class' },
        split: { seed: 1, test: { source: digits('t10k') } },
      },
      workers: { replicas, backend: 'auto' },
      output: { uri: `pvc://${claims.output}/model`, formats: ['npz'] },
      ...spec,
    },
  };
}

/** The weights that a run with the format npz left. */
export function weightsFile(folder: TestFolder): string {
  return join(folder.claim(claims.output), 'model', 'model', 'weights.npz');
}

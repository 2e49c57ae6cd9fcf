/**
 * A job that is right, small enough to train in a moment: 60 samples of 2 x 2 pixels, 3 classes, one
 * dense layer. Every wrong input is this one with a single mistake.
 */
import { idx } from '../../../trainer/data/fixtures.ts';

/** By dotted path, `spec.workers.replicas`; undefined removes the field. */
export type Changes = Readonly<Record<string, unknown>>;
/** By path below the workplace; null removes the file. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

type Json = Record<string, unknown>;

export const samples = 60;
const pixels = 4;
const classes = 3;

const layer = (class_name: string, config: Json): Json => ({ class_name, config });

/** A Sequential model of these layers. */
export function sequential(...layers: readonly (readonly [string, Json])[]): Json {
  const built = layers.map(([name, config]) => layer(name, config));
  return { class_name: 'Sequential', config: { name: 'small', layers: built } };
}

export const flatten = ['Flatten', { name: 'flat', batch_input_shape: [null, 2, 2] }] as const;

/** The last layer: a probability per class. */
export function scores(units = classes): readonly [string, Json] {
  return ['Dense', { name: 'scores', units, activation: 'softmax' }];
}

function rightJob(): Json {
  return {
    apiVersion: 'tfjs-operator.io/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name: 'wrong' },
    spec: {
      model: { inline: sequential(flatten, scores()) },
      training: {
        inline: {
          epochs: 1,
          batchSize: 10,
          optimizer: { name: 'sgd', learningRate: 0.1 },
          loss: { name: 'sparseCategoricalCrossentropy' },
          metrics: ['accuracy'],
        },
      },
      dataset: {
        uri: 'pvc://data',
        format: 'idx',
        train: { features: 'images', labels: 'labels' },
        features: { standardize: 'scale' },
        split: { test: { fraction: 0.2 } },
      },
      // The backend that starts fastest.
      workers: { replicas: 1, backend: 'cpu' },
      checkpoint: { uri: 'pvc://output/checkpoints' },
      output: { uri: 'pvc://output/model', formats: ['npz'] },
      // A fault that a restart can mend is told at once.
      runPolicy: { maxRestarts: 0 },
    },
  };
}

/** The manifest with these changes, as YAML (of which JSON is a part). */
export function manifestWith(changes: Changes): string {
  // Changes reach into parts that are shared, a layer for example.
  const job = structuredClone(rightJob());
  for (const [path, value] of Object.entries(changes)) change(job, path.split('.'), value);
  return `${JSON.stringify(job, null, 2)}\n`;
}

/** The files that the right job reads. */
export function rightFiles(): Files {
  const bytes = Array.from({ length: samples * pixels }, (_, at) => (at * 37) % 256);
  return {
    'data/images': idx([samples, 2, 2], bytes),
    'data/labels': idx([samples], labelsBelow(classes)),
  };
}

/** A label for each sample, by turns. */
export function labelsBelow(count: number): readonly number[] {
  return Array.from({ length: samples }, (_, at) => at % count);
}

function change(object: Json, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length > 0) {
    object[key] ??= {};
    change(object[key] as Json, rest, value);
  } else if (value === undefined) delete object[key];
  else object[key] = value;
}

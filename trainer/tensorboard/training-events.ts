/**
 * What of a training run TensorBoard shows: two runs side by side, `train` and `validation`, that
 * share their tags, so that their curves lie in one chart. Tags with `step/` count in optimizer
 * updates and so do those with `epoch/`, which have a point at the end of each epoch.
 */
import { join } from 'node:path';
import type { EpochRecord } from '@tfjs-operator/api/result.ts';
import { openEventWriter, type EventWriterOptions } from './event-writer.ts';

export interface StepScalars {
  /** Optimizer updates done, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** Of the whole gang. */
  readonly samplesPerSecond: number;
}

export interface TrainingEvents {
  addStep(scalars: StepScalars): void;
  /** Also flushes, in the background. */
  addEpoch(record: EpochRecord): void;
  /** Rejects with Failure(StorageError), also for a write in the background that has failed. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** History marks a validation figure by this prefix; here the run says it. */
const validationPrefix = 'val_';

/** @param directory the folder to give to `tensorboard --logdir`. */
export async function openTrainingEvents(
  directory: string,
  options: EventWriterOptions,
): Promise<TrainingEvents> {
  const train = await openEventWriter(join(directory, 'train'), options);
  const validation = await openEventWriter(join(directory, 'validation'), options);
  const both = [train, validation];
  const flush = async (): Promise<void> => {
    await Promise.all(both.map((writer) => writer.flush()));
  };
  return {
    flush,
    addStep: ({ step, loss, learningRate, gradientNorm, samplesPerSecond }) =>
      train.addScalars(step, {
        'step/loss': loss,
        'step/learning_rate': learningRate,
        'step/gradient_norm': gradientNorm,
        'step/samples_per_second': samplesPerSecond,
      }),
    addEpoch: ({ step, metrics, learningRate, samplesPerSecond }) => {
      const own = withoutPrefix(metrics, '');
      const rates = {
        'epoch/learning_rate': learningRate,
        'epoch/samples_per_second': samplesPerSecond,
      };
      train.addScalars(step, { ...own, ...rates });
      validation.addScalars(step, withoutPrefix(metrics, validationPrefix));
      // A failure is told by the next flush or close.
      flush().catch(() => undefined);
    },
    close: async () => {
      const closed = await Promise.allSettled(both.map((writer) => writer.close()));
      const failed = closed.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

/** The figures that have (or, for '', have not) the validation prefix, under their tags. */
function withoutPrefix(
  metrics: EpochRecord['metrics'],
  prefix: '' | typeof validationPrefix,
): Record<string, number> {
  const chosen = Object.entries(metrics).filter(
    ([name]) => name.startsWith(validationPrefix) === (prefix !== ''),
  );
  return Object.fromEntries(
    chosen.map(([name, value]) => [`epoch/${name.slice(prefix.length)}`, value]),
  );
}

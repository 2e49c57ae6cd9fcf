/**
 * When the job saves, and how a cursor becomes a checkpoint and back. Only rank 0 opens the volume
 * (docs/adr/0009-state-from-rank-zero.md); on the other ranks saving does nothing.
 */
import type { Logger } from 'pino';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { CheckpointReceipt } from '@tfjs-operator/api/checkpoint.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { openCheckpoints } from '../checkpoint/open-checkpoints.ts';
import type { TrainingState } from '../checkpoint/training-state.ts';
import type { NamedArray } from '../named-array.ts';
import { volumeOf } from '../resolve-uri.ts';
import type { TrainingStep } from '../step/training-step.ts';
import type { RunMemory } from './run-memory.ts';
import type { TrainingCursor } from './training-loop.ts';

/** Weights kept by early stopping travel in the checkpoint under this prefix. */
const bestPrefix = 'best/';

export interface JobCheckpoints {
  /** The newest checkpoint of this job, or null where training starts anew. */
  load(): Promise<TrainingState | null>;
  /**
   * Saves in the background when the interval has passed. Where `isLast`, resolves when this very
   * state is durable. @throws Failure StorageError, also for an earlier save that went wrong.
   */
  offer(cursor: TrainingCursor, isLast: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface JobCheckpointOptions {
  readonly runConfig: RunConfig;
  readonly resolve: (uri: string) => string;
  readonly step: TrainingStep;
  readonly datasetDigest: string;
  readonly log: Logger;
  readonly onSaved: (receipt: CheckpointReceipt) => void;
  /** Monotonic seconds. */
  readonly clock: () => number;
}

export const noCheckpoints: JobCheckpoints = {
  load: async () => null,
  offer: async () => undefined,
  close: async () => undefined,
};

/** @throws Failure StorageError where the volume cannot be used. */
export async function openJobCheckpoints(options: JobCheckpointOptions): Promise<JobCheckpoints> {
  const { runConfig, datasetDigest, log, clock } = options;
  const { uri, keep, everySteps = Infinity, everySeconds = Infinity } = runConfig.checkpoint;
  if (uri === undefined) return noCheckpoints;
  const store = await openCheckpoints(options.resolve(uri), {
    keep,
    uri,
    root: options.resolve(volumeOf(uri)),
    onNotice: (sentence) => log.warn(sentence),
  });
  let last = { step: -1, seconds: clock() };
  let failure: Failure | undefined;
  let latest: Promise<void> = Promise.resolve();
  const save = async (cursor: TrainingCursor): Promise<void> => {
    last = { step: cursor.stepsDone, seconds: clock() };
    const receipt = await store.save(toState(options, cursor));
    log.info({ step: receipt.step, digest: receipt.digest }, 'checkpoint saved');
    options.onSaved(receipt);
  };
  return {
    load: () => store.loadLatest({ runConfigDigest: runConfig.digest, datasetDigest }),
    offer: async (cursor, isLast) => {
      if (failure !== undefined) throw failure;
      if (isLast) return last.step === cursor.stepsDone ? latest : save(cursor);
      const isDue =
        cursor.stepsDone - Math.max(0, last.step) >= everySteps ||
        clock() - last.seconds >= everySeconds;
      if (!isDue) return;
      latest = save(cursor).catch((error: unknown) => {
        failure = failureOf(error);
        throw failure;
      });
      // In the background; what goes wrong there ends the run at the next step.
      latest.catch(() => undefined);
    },
    close: () => store.close(),
  };
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const sentence = `A checkpoint could not be saved: ${String(error)}`;
  return new Failure('StorageError', sentence, { cause: error });
}

function toState(options: JobCheckpointOptions, cursor: TrainingCursor): TrainingState {
  const { runConfig, step, datasetDigest } = options;
  return stateOf({ runConfig, datasetDigest }, cursor, step.state());
}

/** The state of a run at a step boundary. */
export function stateOf(
  identity: { readonly runConfig: RunConfig; readonly datasetDigest: string },
  cursor: TrainingCursor,
  tensors: readonly NamedArray[],
): TrainingState {
  const best = cursor.bestWeights.map((array) => ({ ...array, name: bestPrefix + array.name }));
  return {
    runConfigDigest: identity.runConfig.digest,
    datasetDigest: identity.datasetDigest,
    seed: identity.runConfig.training.seed,
    epoch: cursor.epoch,
    step: cursor.stepsDone,
    tensors: [...tensors, ...best],
    extra: cursor.memory,
  };
}

/** The cursor that a state describes, and the tensors for the step. */
export function cursorOf(state: TrainingState): {
  readonly cursor: TrainingCursor;
  readonly tensors: readonly NamedArray[];
} {
  const isBest = ({ name }: NamedArray): boolean => name.startsWith(bestPrefix);
  return {
    tensors: state.tensors.filter((array) => !isBest(array)),
    cursor: {
      epoch: state.epoch,
      stepsDone: state.step,
      memory: state.extra as RunMemory,
      bestWeights: state.tensors
        .filter(isBest)
        .map((array) => ({ ...array, name: array.name.slice(bestPrefix.length) })),
    },
  };
}

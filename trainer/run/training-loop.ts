/**
 * The training loop: epochs, steps, validation, checkpoints and the decision to stop. Everything it
 * uses is handed in; it knows neither backend nor transport nor file format.
 */
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { BatchRequest, BatchSource } from '../data/batches.ts';
import { sliceOfStep, stepsPerEpoch } from '../data/sampler.ts';
import type { Gang } from '../membership/gang.ts';
import type { NamedArray } from '../named-array.ts';
import type { TrainingStep } from '../step/training-step.ts';
import { assertFinite } from './assert-finite.ts';
import { decideEarlyStopping } from './early-stopping.ts';
import {
  decodeWorkerRow,
  idleRow,
  type ProgressTracker,
  type WorkerRow,
} from './progress-tracker.ts';
import { addToEpoch, emptyEpochSums, epochFigures, type RunMemory } from './run-memory.ts';
import type { MetricSet } from './metric-set.ts';
import { reduceGradients } from './reduce-gradients.ts';
import type { RunObserver } from './run-observer.ts';
import { addPoint } from './thin.ts';

/** Points of the loss curve that are kept; more cannot be seen in a report. */
const curvePoints = 2_000;

export interface TrainingOptions {
  readonly runConfig: RunConfig;
  readonly gang: Gang;
  readonly step: TrainingStep;
  readonly batches: BatchSource;
  readonly trainSamples: number;
  readonly metrics: MetricSet;
  readonly learningRateAt: (step: number) => number;
  /** The key of the randomness inside of layers, int32, by the updates done so far. */
  readonly randomKeyAt: (step: number) => number;
  /** Figures of the validation split by name; undefined where there is no such split. */
  readonly validate: ((step: number) => Promise<Readonly<Record<string, number>>>) | undefined;
  /** Saves at the interval of the run config; does nothing on ranks other than 0. */
  readonly checkpoint: (cursor: TrainingCursor, isLast: boolean) => Promise<void>;
  readonly progress: ProgressTracker;
  readonly observer: RunObserver;
  /** Aborted when this worker is asked to stop. */
  readonly stop: AbortSignal;
  /** Monotonic seconds. */
  readonly clock: () => number;
}

export interface TrainingCursor {
  /** Current pass over the training split, from 0. */
  readonly epoch: number;
  /** Optimizer updates done. */
  readonly stepsDone: number;
  readonly memory: RunMemory;
  /** Weights of the best epoch, where early stopping is to restore them. */
  readonly bestWeights: readonly NamedArray[];
}

export type TrainingEnd = TrainingCursor & { readonly reason: 'complete' | 'interrupted' };

/** Trains from the cursor to the end, or to a step boundary after `stop`. */
export async function train(options: TrainingOptions, start: TrainingCursor): Promise<TrainingEnd> {
  const { epochs } = options.runConfig.training;
  let cursor = start;
  while (cursor.epoch < epochs && !cursor.memory.isStoppedEarly) {
    const { after, isInterrupted } = await trainEpoch(options, cursor);
    cursor = after;
    if (isInterrupted) {
      await options.checkpoint(cursor, true);
      return { ...cursor, reason: 'interrupted' };
    }
    cursor = await endEpoch(options, cursor);
  }
  await options.checkpoint(cursor, true);
  return { ...restoreBest(options, cursor), reason: 'complete' };
}

async function trainEpoch(
  options: TrainingOptions,
  start: TrainingCursor,
): Promise<{ after: TrainingCursor; isInterrupted: boolean }> {
  const { runConfig, gang, trainSamples, batches, progress } = options;
  const { batchSize } = runConfig.training;
  const stepCount = stepsPerEpoch(trainSamples, batchSize);
  const first = start.stepsDone - start.epoch * stepCount;
  const slices = Array.from({ length: stepCount - first }, (_, index) =>
    sliceOfStep({
      samples: trainSamples,
      batchSize,
      stepInEpoch: first + index,
      rank: gang.rank,
      worldSize: gang.worldSize,
    }),
  );
  progress.set({ phase: 'training', epoch: start.epoch + 1 });
  progress.startEpoch();
  batches.prefetch(
    slices.map(({ start: from, end }): BatchRequest => ({
      split: 'train',
      epoch: start.epoch,
      start: from,
      end,
      augment: runConfig.dataset.augmentation.length > 0,
    })),
  );
  let cursor = start;
  let row = idleRow;
  for (const [index, { globalCount }] of slices.entries()) {
    const done = await trainStep(options, cursor, { globalCount, row });
    cursor = done.cursor;
    row = done.row;
    if (done.isStopAsked) return { after: cursor, isInterrupted: true };
    if (index < slices.length - 1) await options.checkpoint(cursor, false);
  }
  return { after: cursor, isInterrupted: false };
}

/** One step: batch, gradients while the reduction of earlier buckets runs, update. */
async function trainStep(
  options: TrainingOptions,
  cursor: TrainingCursor,
  { globalCount, row }: { readonly globalCount: number; readonly row: WorkerRow },
): Promise<{ cursor: TrainingCursor; row: WorkerRow; isStopAsked: boolean }> {
  const { step, clock, stop } = options;
  const started = clock();
  const batch = await options.batches.next();
  const batchReady = clock();
  const reduced = await reduceGradients(options, batch, {
    globalCount,
    step: cursor.stepsDone,
    randomKey: options.randomKeyAt(cursor.stepsDone),
    row: { ...row, stop: stop.aborted ? 1 : 0 },
  });
  const received = clock();
  const learningRate = options.learningRateAt(cursor.stepsDone);
  const sums = step.readSums();
  const { gradientNorm } = step.apply({ learningRate, step: cursor.stepsDone });
  const ended = clock();
  const own: WorkerRow = {
    ...reduced,
    data: batchReady - started,
    apply: ended - received,
    stop: 0,
  };
  const rows = sums.workers.map(decodeWorkerRow);
  const number = cursor.stepsDone + 1;
  const memory = rememberStep(cursor.memory, { sums, rows, seconds: ended - started, number });
  options.progress.addStep(rows, sums.count, ended);
  options.observer.onStep({
    step: number,
    epoch: cursor.epoch,
    loss: sums.loss,
    figures: epochFigures(memory.epochSums, options.metrics),
    learningRate,
    gradientNorm,
    own,
    samples: own.samples,
  });
  return {
    cursor: { ...cursor, stepsDone: number, memory },
    row: own,
    isStopAsked: rows.some(({ stop: asked }) => asked > 0),
  };
}

function rememberStep(
  memory: RunMemory,
  done: {
    readonly sums: ReturnType<TrainingStep['readSums']>;
    readonly rows: readonly WorkerRow[];
    readonly seconds: number;
    readonly number: number;
  },
): RunMemory {
  const { loss, count } = done.sums;
  return {
    ...memory,
    epochSums: addToEpoch(memory.epochSums, done.sums, done.seconds),
    steps: addPoint(memory.steps, { step: done.number, loss }, curvePoints),
    seconds: memory.seconds + done.seconds,
    samples: memory.samples + count,
    allReduceBytes: memory.allReduceBytes + done.rows.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Validation, the epoch's record, early stopping: the same on every rank. */
async function endEpoch(options: TrainingOptions, cursor: TrainingCursor): Promise<TrainingCursor> {
  const { progress, runConfig, learningRateAt } = options;
  const started = options.clock();
  const validation = (await options.validate?.(cursor.stepsDone)) ?? {};
  const metrics: Record<string, number> = {
    ...epochFigures(cursor.memory.epochSums, options.metrics),
    ...Object.fromEntries(
      Object.entries(validation).map(([name, value]) => [`val_${name}`, value]),
    ),
  };
  assertFinite(metrics, cursor.epoch + 1);
  const { epochSums } = cursor.memory;
  const record = {
    epoch: cursor.epoch + 1,
    step: cursor.stepsDone,
    seconds: epochSums.seconds + options.clock() - started,
    metrics,
    learningRate: learningRateAt(Math.max(0, cursor.stepsDone - 1)),
    samplesPerSecond: epochSums.count / Math.max(epochSums.seconds, 1e-9),
    workerSamplesPerSecond: progress.epochSamplesPerSecond(),
  };
  options.observer.onEpoch(record);
  const memory: RunMemory = {
    ...cursor.memory,
    history: [...cursor.memory.history, record],
    epochSums: emptyEpochSums,
    seconds: cursor.memory.seconds + options.clock() - started,
  };
  return stopEarly(options, { ...cursor, epoch: cursor.epoch + 1, memory }, metrics, runConfig);
}

function stopEarly(
  options: TrainingOptions,
  cursor: TrainingCursor,
  metrics: Readonly<Record<string, number>>,
  { training }: RunConfig,
): TrainingCursor {
  const config = training.earlyStopping;
  if (config === undefined) return cursor;
  const value = metrics[config.monitor];
  if (value === undefined) {
    throw new Failure(
      'BadConfig',
      `training.earlyStopping.monitor is "${config.monitor}", which is not measured; use one of ${Object.keys(metrics).join(', ')}.`,
    );
  }
  const decision = decideEarlyStopping(config, cursor.memory.earlyStopping, {
    epoch: cursor.epoch,
    value,
  });
  const isKept = decision.isBest && config.restoreBestWeights;
  return {
    ...cursor,
    bestWeights: isKept ? options.step.state() : cursor.bestWeights,
    memory: {
      ...cursor.memory,
      earlyStopping: decision.state,
      isStoppedEarly: decision.shouldStop && cursor.epoch < training.epochs,
    },
  };
}

function restoreBest(options: TrainingOptions, cursor: TrainingCursor): TrainingCursor {
  if (cursor.bestWeights.length > 0) options.step.restore(cursor.bestWeights);
  return cursor;
}

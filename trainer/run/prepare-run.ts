/**
 * Everything a worker can make ready alone: backend, data, model, training step, batches. What is
 * wrong with the run config or the data shows here, before any peer is asked to wait.
 */
import type * as tfl from '@tensorflow/tfjs-layers';
import type { Logger } from 'pino';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { BackendChoice } from '@tfjs-operator/api/progress.ts';
import type { RunConfig, Topology } from '@tfjs-operator/api/run-config.ts';
import { chooseBackend, knownBackends } from '../backend/choose-backend.ts';
import { nodeBackend } from '../backend/tensorflow/node-backend.ts';
import { runtimeOptions } from '../backend/tensorflow/runtime-options.ts';
import { hasBfloat16Instructions } from '../backend/tensorflow/bfloat16-instructions.ts';
import { usableCores } from '../backend/tensorflow/usable-cores.ts';
import { openBatches, type BatchSource } from '../data/batches.ts';
import { loadDataset, type Dataset } from '../data/dataset.ts';
import { stepsPerEpoch } from '../data/sampler.ts';
import { lossByName } from '../model/loss.ts';
import { randomKeyOf } from '../model/random-key.ts';
import { resolveUri } from '../resolve-uri.ts';
import { createCompiledPredictor } from '../step/compiled/compiled-predictor.ts';
import { createCompiledStep } from '../step/compiled/compiled-step.ts';
import { createEagerPredictor } from '../step/eager-predictor.ts';
import { createEagerStep } from '../step/eager-step.ts';
import { learningRateAt, scaledLearningRate } from '../step/learning-rate.ts';
import type { Predictor } from '../step/predictor.ts';
import type { SampleLosses, TrainingStep } from '../step/training-step.ts';
import type { WorkerSettings } from '../worker-settings.ts';
import { assertPrecision } from './assert-precision.ts';
import { assertSupported } from './assert-supported.ts';
import { metricSet, type MetricSet } from './metric-set.ts';
import { prepareModel } from './prepare-model.ts';
import { encodeWorkerRow, idleRow, type ProgressTracker } from './progress-tracker.ts';

/** Batches in preparation, ready or in use: enough that assembly hides behind a step. */
const batchDepth = 4;

export interface PreparedRun {
  readonly runConfig: RunConfig;
  readonly resolve: (uri: string) => string;
  readonly backend: BackendChoice;
  readonly dataset: Dataset;
  readonly model: tfl.LayersModel;
  readonly topology: Topology;
  readonly loss: SampleLosses;
  readonly metrics: MetricSet;
  readonly step: TrainingStep;
  readonly predictor: Predictor;
  readonly batches: BatchSource;
  readonly trainSamples: number;
  readonly totalSteps: number;
  readonly learningRateAt: (step: number) => number;
  readonly randomKeyAt: (step: number) => number;
  close(): Promise<void>;
}

/** @throws Failure BackendUnavailable, DataError or BadConfig. */
export async function prepareRun(
  {
    settings,
    log,
    stop,
  }: { readonly settings: WorkerSettings; readonly log: Logger; readonly stop: AbortSignal },
  progress: ProgressTracker,
): Promise<PreparedRun> {
  const { runConfig, rank, replicas } = settings;
  const { training } = runConfig;
  assertSupported(runConfig);
  const resolve = (uri: string): string => resolveUri(uri, settings.volumeRoot);
  const backend = await openBackend(settings, log);
  assertPrecision(runConfig, backend);
  progress.set({ phase: 'loading', backend, epochs: training.epochs });
  const dataset = await loadDataset(runConfig.dataset, resolve, stop);
  const trainSamples = dataset.splits.train.length;
  logDataset(dataset, log);
  assertTrainable(runConfig, dataset, replicas);
  const { model, topology } = await prepareModel(runConfig, dataset, { resolve });
  const loss = lossByName(training.loss);
  const metrics = metricSet(training.metrics, training.loss);
  const stepOptions = {
    model,
    loss,
    metrics: metrics.list,
    optimizer: training.optimizer,
    clipNorm: training.clipping.globalNorm,
    bucketBytes: runConfig.allReduce.bucketBytes,
    worldSize: replicas,
    isAlone: replicas === 1,
    workerFloats: encodeWorkerRow(idleRow).length,
  };
  const step =
    backend.name === 'tensorflow'
      ? createCompiledStep({ ...stepOptions, precision: training.precision })
      : createEagerStep(stepOptions);
  const predictor = openPredictor(backend, model, log);
  const batches = await openBatches(dataset, {
    seed: training.seed,
    augmentation: runConfig.dataset.augmentation,
    depth: batchDepth,
  });
  const totalSteps = training.epochs * stepsPerEpoch(trainSamples, training.batchSize);
  progress.set({ totalSteps });
  const base = scaledLearningRate(
    training.optimizer.learningRate,
    training.scaleLearningRate,
    replicas,
  );
  return {
    runConfig,
    resolve,
    backend,
    dataset,
    model,
    topology,
    loss,
    metrics,
    step,
    predictor,
    batches,
    trainSamples,
    totalSteps,
    learningRateAt: (done) => learningRateAt(done, training.learningRateSchedule, base, totalSteps),
    randomKeyAt: (step) => randomKeyOf({ seed: training.seed, rank, step }),
    close: async () => {
      await batches.close();
      predictor.dispose();
      step.dispose();
      model.dispose();
    },
  };
}

function openPredictor(backend: BackendChoice, model: tfl.LayersModel, log: Logger): Predictor {
  if (backend.name !== 'tensorflow') return createEagerPredictor(model);
  return createCompiledPredictor(model, (reason) =>
    log.info({ reason }, 'the evaluation cannot be a graph, operations run one by one'),
  );
}

async function openBackend(
  { runConfig, tensorflowHome, threads, libraryEnvironment }: WorkerSettings,
  log: Logger,
): Promise<BackendChoice> {
  const runtime = runtimeOptions({ cores: usableCores(), threads, given: libraryEnvironment });
  const { name, reason, rejected } = await chooseBackend(
    runConfig.workers.backend,
    knownBackends({ home: tensorflowHome, runtime }),
  );
  log.info({ backend: name, reason, rejected }, 'backend chosen');
  if (name === 'tensorflow') {
    log.info({ runtime }, 'TensorFlow set up');
    logPrecision(runConfig, log);
  }
  return { name, reason, rejected };
}

function logPrecision({ training: { precision } }: RunConfig, log: Logger): void {
  if (precision !== 'bfloat16' || nodeBackend().isUsingGpuDevice) return;
  if (hasBfloat16Instructions() !== false) return;
  log.warn(
    { precision },
    'this processor has no instructions for bfloat16: a step takes longer than in float32',
  );
}

function logDataset(dataset: Dataset, log: Logger): void {
  const { train, validation, test } = dataset.splits;
  const samples = { train: train.length, validation: validation.length, test: test.length };
  log.info({ samples, cleaning: dataset.cleaning, digest: dataset.digest }, 'data loaded');
}

function assertTrainable({ training }: RunConfig, dataset: Dataset, replicas: number): void {
  const samples = dataset.splits.train.length;
  const [first, ...otherClasses] = dataset.classNames;
  if (first !== undefined && otherClasses.length === 0) {
    throw new Failure(
      'DataError',
      `All labels are "${first}", but a network learns to tell two or more classes apart; check dataset.train.labels, or set dataset.labels.type to number.`,
    );
  }
  if (training.batchSize < replicas) {
    throw new Failure(
      'BadConfig',
      `training.batchSize is ${training.batchSize}, fewer than the ${replicas} workers that share it; raise batchSize or lower workers.replicas.`,
    );
  }
  if (samples < replicas) {
    throw new Failure(
      'BadConfig',
      `The training split has ${samples} samples, fewer than the ${replicas} workers; lower workers.replicas.`,
    );
  }
}

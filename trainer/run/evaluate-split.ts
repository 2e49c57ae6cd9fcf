/**
 * Measures the model on a split: each rank takes a block of it, the sums and predictions are added
 * over the gang, so that every rank knows the result and none reads everything.
 */
import type { BatchRequest, BatchSource } from '../data/batches.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Measured, Predictor } from '../step/predictor.ts';
import type { SampleLosses } from '../step/training-step.ts';
import type { MetricSet } from './metric-set.ts';
import { readPrediction } from './read-prediction.ts';
import type { SumOverRanks } from './sum-over-ranks.ts';

export interface EvaluationTools {
  readonly predictor: Predictor;
  readonly dataset: Dataset;
  readonly batches: BatchSource;
  readonly loss: SampleLosses;
  readonly fromLogits: boolean;
  readonly sumOverRanks: SumOverRanks;
  readonly rank: number;
  readonly worldSize: number;
  /** Told of each batch: an evaluation may take longer than a worker may be silent. */
  readonly onBatch: () => void;
}

export interface EvaluationRequest {
  readonly split: 'train' | 'validation' | 'test';
  readonly batchSize: number;
  readonly metrics: MetricSet;
  /** Optimizer updates done: the step under which the sums travel. */
  readonly step: number;
}

export interface SplitFigures {
  readonly samples: number;
  /** `loss` and the metrics by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Predicted class by position in the split; empty for regression. */
  readonly predictions: Float32Array;
  readonly confidences: Float32Array;
}

/** @returns the figures of the whole split, the same on all ranks. */
export async function evaluateSplit(
  tools: EvaluationTools,
  request: EvaluationRequest,
): Promise<SplitFigures> {
  const { dataset, rank, worldSize, sumOverRanks, batches } = tools;
  const samples = dataset.splits[request.split].length;
  const hasClasses = dataset.classNames.length > 0;
  const predictions = new Float32Array(hasClasses ? samples : 0);
  const confidences = new Float32Array(hasClasses ? samples : 0);
  const first = Math.floor((samples * rank) / worldSize);
  const end = Math.floor((samples * (rank + 1)) / worldSize);
  const requests = blocks(request, first, end);
  batches.prefetch(requests);
  const sums = new Float32Array(2 + sizeOf(request.metrics));
  for (const { start } of requests) {
    const batch = await batches.next();
    const measured = tools.predictor.measure(batch, {
      loss: tools.loss,
      metrics: request.metrics.list,
    });
    batch.release();
    tools.onBatch();
    addSums(sums, measured);
    if (hasClasses) readClasses(measured, tools.fromLogits, { predictions, confidences, start });
  }
  const [lossSum = 0, count = 0, ...parts] = await sumOverRanks(sums, request.step);
  return {
    samples,
    metrics: { loss: lossSum / count, ...request.metrics.finalize(parts, count) },
    predictions: await sumOverRanks(predictions, request.step),
    confidences: await sumOverRanks(confidences, request.step),
  };
}

function blocks(request: EvaluationRequest, first: number, end: number): BatchRequest[] {
  const requests: BatchRequest[] = [];
  for (let start = first; start < end; start += request.batchSize) {
    const stop = Math.min(end, start + request.batchSize);
    requests.push({ split: request.split, epoch: 0, start, end: stop, augment: false });
  }
  return requests;
}

function addSums(sums: Float32Array, measured: Measured): void {
  const values = [measured.lossSum, measured.count, ...Object.values(measured.metricSums).flat()];
  for (const [index, value] of values.entries()) sums[index]! += value;
}

function readClasses(
  { values, count }: Measured,
  fromLogits: boolean,
  into: { predictions: Float32Array; confidences: Float32Array; start: number },
): void {
  const width = values.length / count;
  for (let i = 0; i < count; i++) {
    const { index, confidence } = readPrediction(
      values.subarray(i * width, (i + 1) * width),
      fromLogits,
    );
    into.predictions[into.start + i] = index;
    into.confidences[into.start + i] = confidence;
  }
}

function sizeOf({ list }: MetricSet): number {
  return list.reduce((sum, { size }) => sum + size, 0);
}

/**
 * What the test configuration asks for: figures of a split, the confusion matrix, some wrongly read
 * samples, and whether the requirements are met.
 */
import { isBetterWhenGreater } from '@tfjs-operator/api/run-config/training-names.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { EvaluationConfig } from '@tfjs-operator/api/run-config.ts';
import type { Result, WrongSample } from '@tfjs-operator/api/result.ts';
import type { Dataset } from '../data/dataset.ts';
import { classFigures, confusionMatrix } from './confusion.ts';
import { evaluateSplit, type EvaluationTools, type SplitFigures } from './evaluate-split.ts';
import type { MetricSet } from './metric-set.ts';

export type Evaluation = NonNullable<Result['evaluation']>;

/** @returns the same on every rank; null where the run config asks for no evaluation. */
export async function evaluateRun(
  tools: EvaluationTools,
  options: {
    readonly config: EvaluationConfig;
    readonly metrics: MetricSet;
    readonly step: number;
  },
): Promise<Evaluation | null> {
  const { config, metrics, step } = options;
  const { dataset } = tools;
  if (config.split === 'none') return null;
  const split = config.split;
  if (dataset.splits[split].length === 0) {
    throw new Failure(
      'BadConfig',
      `evaluation.split is "${split}", but the data set has no ${split} samples; add dataset.split.${split} or set evaluation.split to none.`,
    );
  }
  const figures = await evaluateSplit(tools, { split, batchSize: config.batchSize, metrics, step });
  const labels = labelsOf(dataset, split);
  const names = dataset.classNames;
  const confusion = confusionMatrix(labels, figures.predictions, names.length);
  return {
    split,
    samples: figures.samples,
    metrics: figures.metrics,
    require: config.require,
    classNames: names,
    confusion,
    classes: classFigures(confusion, names),
    wrongSamples: wrongSamples(dataset, { split, figures, labels, limit: config.wrongSamples }),
  };
}

/** One sentence with every figure that falls short; undefined where none does. */
export function unmetRequirements(evaluation: Evaluation): string | undefined {
  const { metrics, require, samples, split } = evaluation;
  const unmet = Object.entries(require).flatMap(([name, bound]) => {
    const value = metrics[name] ?? NaN;
    const isLeast = isBetterWhenGreater(name);
    const isMet = isLeast ? value >= bound : value <= bound;
    const relation = isLeast ? 'at least' : 'at most';
    return isMet
      ? []
      : [`${name} is ${format(value)} where evaluation.require asks for ${relation} ${bound}`];
  });
  if (unmet.length === 0) return undefined;
  return `On the ${samples} ${split} samples ${unmet.join(', and ')}; train longer, change the model, or lower the requirement.`;
}

function format(value: number): string {
  return String(Number(value.toPrecision(5)));
}

function labelsOf(dataset: Dataset, split: 'train' | 'validation' | 'test'): Int32Array {
  return Int32Array.from(dataset.splits[split], (row) => dataset.labels[row] ?? -1);
}

/** Those of which the network was surest: they tell most about data and model. */
function wrongSamples(
  dataset: Dataset,
  found: {
    readonly split: 'train' | 'validation' | 'test';
    readonly figures: SplitFigures;
    readonly labels: Int32Array;
    readonly limit: number;
  },
): WrongSample[] {
  const { predictions, confidences } = found.figures;
  const name = (index: number): string => dataset.classNames[index] ?? String(index);
  return [...predictions.keys()]
    .filter((position) => predictions[position] !== found.labels[position])
    .sort((a, b) => (confidences[b] ?? 0) - (confidences[a] ?? 0))
    .slice(0, found.limit)
    .map((position) => ({
      index: position,
      label: name(found.labels[position] ?? -1),
      predicted: name(predictions[position] ?? -1),
      confidence: confidences[position] ?? 0,
      ...picture(dataset, dataset.splits[found.split][position] ?? 0),
    }));
}

/** The sample as 8-bit pixels where it is a picture of one or three channels. */
function picture(dataset: Dataset, row: number): Pick<WrongSample, 'shape' | 'pixelsBase64'> {
  const [height = 0, width = 0, channels = 1] = dataset.sampleShape;
  const isPicture = [2, 3].includes(dataset.sampleShape.length) && [1, 3].includes(channels);
  if (!isPicture) return {};
  const size = height * width * channels;
  const raw = dataset.features.subarray(row * size, (row + 1) * size);
  return {
    shape: [height, width, channels],
    pixelsBase64: Buffer.from(raw instanceof Uint8Array ? raw : toBytes(raw)).toString('base64'),
  };
}

function toBytes(values: Float32Array): Uint8Array {
  const [least, most] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  const range = most > least ? most - least : 1;
  return Uint8Array.from(values, (value) => Math.round(((value - least) / range) * 255));
}

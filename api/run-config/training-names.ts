/**
 * The names that a training configuration may use, taken from the TrainingJob's schema: the trainer
 * is tested to know each of them, and whoever adds one adds it to crds/trainingjobs.yaml.
 */
import { schemaAt } from '../crd/structural-schema.ts';
import { trainingJobDefinition } from '../crd/training-job-definition.ts';
import type { OptimizerConfig, ScheduleConfig } from '../run-config.ts';

const training = schemaAt(trainingJobDefinition.schema, ['spec', 'training', 'inline']);

function namesAt(...path: (string | number)[]): readonly string[] {
  return (schemaAt(training, path).enum ?? []) as readonly string[];
}

export const optimizerNames = namesAt('optimizer', 'name') as readonly OptimizerConfig['name'][];
export const lossNames = namesAt('loss', 'name');
export const metricNames = namesAt('metrics', 0);
export const scheduleNames = namesAt(
  'learningRateSchedule',
  'name',
) as readonly ScheduleConfig['name'][];

/** Losses that compare with one of many classes, by one output per class. */
export const manyClassLosses: readonly string[] = [
  'categoricalCrossentropy',
  'sparseCategoricalCrossentropy',
  'categoricalHinge',
];

/** Losses that compare with one of two classes, by a single output. */
export const twoClassLosses: readonly string[] = ['binaryCrossentropy', 'hinge', 'squaredHinge'];

/** Metrics that count right answers, so that they need class labels. */
export const classMetrics: readonly string[] = [
  'accuracy',
  'binaryAccuracy',
  'categoricalAccuracy',
  'sparseCategoricalAccuracy',
  'topKCategoricalAccuracy',
  'precision',
  'recall',
];

/** True for figures that a training wants to raise; losses and errors it wants to lower. */
export function isBetterWhenGreater(figure: string): boolean {
  return classMetrics.includes(figure) || figure === 'cosineSimilarity';
}

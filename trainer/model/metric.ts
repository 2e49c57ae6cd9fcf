/**
 * The metrics of Keras by their names, as sums that can be added over batches and ranks before the
 * value is made: two workers' sums give what one worker would have found. No gradients.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { LossConfig } from '@tfjs-operator/api/run-config.ts';
import { areClassIndices, likePredictions, meanPerSample } from './loss-targets.ts';
import { camelCase, canonicalLoss, lossByName, lossNames, type LossFunction } from './loss.ts';
import { nameHint } from '@tfjs-operator/api/topology/name-hint.ts';

export interface Metric {
  /** As the configuration spells it: the key in history and requirements. */
  readonly name: string;
  /** Floats in the sums. */
  readonly size: number;
  /** Sums [size] over the samples of a batch. */
  update(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor1D;
  /** @param count samples behind the sums. */
  finalize(sums: ArrayLike<number>, count: number): number;
}

/** Keras's default of topKCategoricalAccuracy. */
const defaultTopK = 5;
/** Where a prediction counts as yes: Keras's default for probabilities; a logit's is 0. */
const thresholdOf = (loss: LossConfig): number => (loss.fromLogits === true ? 0 : 0.5);

const metricNames = ['accuracy', 'binaryAccuracy', 'categoricalAccuracy',
  'sparseCategoricalAccuracy', 'topKCategoricalAccuracy', 'precision', 'recall',
  'rootMeanSquaredError', ...lossNames]; // prettier-ignore

/**
 * @param loss of the training: `accuracy` takes its form from it, and a metric of the same name
 *   its settings.
 * @throws Failure('BadConfig') for an unknown name, with the nearest.
 */
export function metricByName(name: string, loss: LossConfig): Metric {
  const camel = camelCase(name);
  if (camel === 'precision' || camel === 'recall') return ratio(name, camel, thresholdOf(loss));
  if (camel === 'rmse' || camel === 'rootMeanSquaredError') {
    const squared = lossByName({ name: 'meanSquaredError' });
    return {
      ...mean(name, squared),
      finalize: (sums, count) => Math.sqrt(quotient(sums[0], count)),
    };
  }
  // As a metric Keras reports the similarity, as a loss its negative.
  if (canonicalLoss(camel) === 'cosineSimilarity') {
    const negative = lossByName({ name: 'cosineSimilarity' });
    return mean(name, (yTrue, yPred) => tf.neg(negative(yTrue, yPred)));
  }
  const accuracy = accuracyByName(camel, loss);
  if (accuracy) return mean(name, accuracy);
  const asLoss = canonicalLoss(camel);
  if (asLoss !== undefined) {
    return mean(name, lossByName(asLoss === canonicalLoss(loss.name) ? loss : { name: asLoss }));
  }
  throw new Failure('BadConfig', `"${name}" is no metric; ${nameHint(name, metricNames)}`);
}

function accuracyByName(camel: string, loss: LossConfig): LossFunction | undefined {
  const threshold = thresholdOf(loss);
  switch (camel) {
    case 'accuracy':
    case 'acc':
      return (yTrue, yPred) =>
        canonicalLoss(loss.name) === 'binaryCrossentropy' || yPred.shape.at(-1) === 1
          ? binaryAccuracy(yTrue, yPred, threshold)
          : categoricalAccuracy(yTrue, yPred);
    case 'binaryAccuracy':
      return (yTrue, yPred) => binaryAccuracy(yTrue, yPred, threshold);
    case 'categoricalAccuracy':
    case 'sparseCategoricalAccuracy':
      return categoricalAccuracy;
    default: {
      const top = /^(?:sparse)?top(\d+|K)CategoricalAccuracy$/i.exec(camel)?.[1];
      if (top === undefined) return undefined;
      const k = /^\d+$/.test(top) ? Number(top) : defaultTopK;
      return (yTrue, yPred) => topK(yTrue, yPred, k);
    }
  }
}

function binaryAccuracy(yTrue: tf.Tensor, yPred: tf.Tensor, threshold: number): tf.Tensor1D {
  const guess = tf.cast(tf.greater(yPred, threshold), 'float32');
  return meanPerSample(tf.cast(tf.equal(likePredictions(yTrue, yPred), guess), 'float32'));
}

function categoricalAccuracy(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor1D {
  const guess = tf.argMax(yPred, -1);
  return meanPerSample(
    tf.cast(tf.equal(classIndices(yTrue, yPred, guess.shape), guess), 'float32'),
  );
}

/** Hit where fewer than k classes have a greater prediction than the true one (as in_top_k). */
function topK(yTrue: tf.Tensor, yPred: tf.Tensor, k: number): tf.Tensor1D {
  const shape = yPred.shape.slice(0, -1);
  const indices = tf.reshape(classIndices(yTrue, yPred, shape), [-1]) as tf.Tensor1D;
  const rows = tf.reshape(yPred, [indices.size, yPred.shape.at(-1) ?? 1]);
  const chosen = tf.cast(tf.oneHot(indices, rows.shape[1] ?? 1), 'float32');
  const own = tf.sum(tf.mul(rows, chosen), 1, true);
  const greater = tf.sum(tf.cast(tf.greater(rows, own), 'float32'), 1);
  return meanPerSample(tf.reshape(tf.cast(tf.less(greater, k), 'float32'), shape));
}

function classIndices(yTrue: tf.Tensor, yPred: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const isOneHot = yTrue.size === yPred.size && !areClassIndices(yTrue);
  const indices = isOneHot ? tf.argMax(tf.reshape(yTrue, yPred.shape), -1) : yTrue;
  return tf.cast(tf.reshape(indices, [...shape]), 'int32');
}

function mean(name: string, perSample: LossFunction): Metric {
  return {
    name,
    size: 1,
    update: (yTrue, yPred) =>
      tf.tidy(() => tf.reshape(tf.sum(perSample(yTrue, yPred)), [1]) as tf.Tensor1D),
    finalize: (sums, count) => quotient(sums[0], count),
  };
}

/** Over all outputs together, as keras.metrics.Precision and Recall; 0 where nothing counts. */
function ratio(name: string, kind: 'precision' | 'recall', threshold: number): Metric {
  return {
    name,
    size: 2,
    update: (yTrue, yPred) =>
      tf.tidy(() => {
        const truth = likePredictions(yTrue, yPred);
        const guess = tf.cast(tf.greater(yPred, threshold), 'float32');
        const hits = tf.sum(tf.mul(truth, guess));
        return tf.stack([hits, tf.sum(kind === 'precision' ? guess : truth)]) as tf.Tensor1D;
      }),
    finalize: (sums) => quotient(sums[0], sums[1] ?? 0, 0),
  };
}

function quotient(sum: number | undefined, count: number, ofNothing = Number.NaN): number {
  return count === 0 ? ofNothing : (sum ?? Number.NaN) / count;
}

/**
 * The losses of Keras by their names, one value per sample, so that workers with different numbers
 * of samples add up to the global mean. Written with operations that every backend has, also for
 * their gradients. Formulas: keras/src/losses/losses.py.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { LossConfig } from '@tfjs-operator/api/run-config.ts';
import {
  areClassIndices,
  epsilon,
  likePredictions,
  meanPerSample,
  oneHot,
} from './loss-targets.ts';
import type { Logits } from './apply-with-logits.ts';
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts';
import { nameHint } from '@tfjs-operator/api/topology/name-hint.ts';

/**
 * Per-sample losses [count] of labels and predictions [count, …]. A cross-entropy takes the logits
 * behind the predictions where the caller has them, as Keras does; other losses leave them.
 */
export type LossFunction = (yTrue: tf.Tensor, yPred: tf.Tensor, logits?: Logits) => tf.Tensor1D;

type Elementwise = (yTrue: tf.Tensor, yPred: tf.Tensor, options: LossConfig) => tf.Tensor;

interface LossRule {
  readonly compute: Elementwise;
  /** Settings of the configuration that this loss reads; others are refused. */
  readonly settings: readonly ('fromLogits' | 'labelSmoothing' | 'delta')[];
  /** The activation whose input it takes in place of its output. */
  readonly behind?: Logits['activation'];
}

const rule = (
  compute: Elementwise,
  settings: LossRule['settings'] = [],
  behind?: Logits['activation'],
): LossRule => ({ compute, settings, ...(behind === undefined ? {} : { behind }) });

const losses: Readonly<Record<string, LossRule>> = {
  categoricalCrossentropy: rule(
    categoricalCrossentropy,
    ['fromLogits', 'labelSmoothing'],
    'softmax',
  ),
  sparseCategoricalCrossentropy: rule(categoricalCrossentropy, ['fromLogits'], 'softmax'),
  binaryCrossentropy: rule(binaryCrossentropy, ['fromLogits', 'labelSmoothing'], 'sigmoid'),
  meanSquaredError: rule((t, p) => tf.square(tf.sub(p, t))),
  meanAbsoluteError: rule((t, p) => tf.abs(tf.sub(p, t))),
  meanAbsolutePercentageError: rule((t, p) =>
    tf.mul(tf.abs(tf.div(tf.sub(t, p), tf.maximum(tf.abs(t), epsilon))), 100),
  ),
  meanSquaredLogarithmicError: rule((t, p) => tf.square(tf.sub(logOfOnePlus(p), logOfOnePlus(t)))),
  huber: rule(huber, ['delta']),
  logCosh: rule(logCosh),
  hinge: rule((t, p) => tf.relu(tf.sub(1, tf.mul(plusMinusOne(t), p)))),
  squaredHinge: rule((t, p) => tf.square(tf.relu(tf.sub(1, tf.mul(plusMinusOne(t), p))))),
  categoricalHinge: rule(categoricalHinge),
  kullbackLeiblerDivergence: rule((t, p) => {
    const [truth, guess] = [tf.clipByValue(t, epsilon, 1), tf.clipByValue(p, epsilon, 1)];
    return tf.sum(tf.mul(truth, tf.log(tf.div(truth, guess))), -1);
  }),
  poisson: rule((t, p) => tf.sub(p, tf.mul(t, tf.log(tf.add(p, epsilon))))),
  cosineSimilarity: rule((t, p) => tf.neg(tf.sum(tf.mul(unitLength(t), unitLength(p)), -1))),
};

const shortNames: Readonly<Record<string, string>> = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
  bce: 'binaryCrossentropy',
  kld: 'kullbackLeiblerDivergence',
  klDivergence: 'kullbackLeiblerDivergence',
  kullbackLeibler: 'kullbackLeiblerDivergence',
  logcosh: 'logCosh',
  cosineProximity: 'cosineSimilarity',
};

/** All names of losses, long form. */
export const lossNames: readonly string[] = Object.keys(losses);

/** The long camelCase name of a loss in any spelling, or undefined for an unknown one. */
export function canonicalLoss(name: string): string | undefined {
  const camel = camelCase(name);
  const long = shortNames[camel] ?? camel;
  return long in losses ? long : undefined;
}

/** `mean_squared_error`, `MeanSquaredError` and `meanSquaredError` are one. */
export function camelCase(name: string): string {
  const joined = name.replaceAll(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}

/**
 * @throws Failure('BadConfig') for an unknown name (with the nearest), or for a setting that the
 *   loss does not have.
 */
export function lossByName(config: LossConfig): LossFunction {
  const name = canonicalLoss(config.name);
  const found = name === undefined ? undefined : losses[name];
  if (!name || !found) {
    throw new Failure(
      'BadConfig',
      `training.loss.name is "${config.name}", which is no loss; ${nameHint(config.name, lossNames)}`,
    );
  }
  for (const setting of ['fromLogits', 'labelSmoothing', 'delta'] as const) {
    if (!config[setting] || found.settings.includes(setting)) continue;
    throw new Failure(
      'BadConfig',
      `training.loss.${setting} is ${config[setting]}, which the loss ${name} does not have; remove it.`,
    );
  }
  const needsClasses = name.endsWith('ategoricalCrossentropy');
  return (yTrue, yPred, logits) =>
    tf.tidy(() => {
      const targets = needsClasses ? classTargets(yTrue, yPred) : likePredictions(yTrue, yPred);
      const isBehind = logits !== undefined && logits.activation === found.behind;
      const losses =
        isBehind && config.fromLogits !== true
          ? found.compute(targets, logits.values, { ...config, fromLogits: true })
          : found.compute(targets, yPred, config);
      return meanPerSample(losses);
    });
}

/** One-hot rows for indices of any shape, or rows that are given as they are. */
function classTargets(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor {
  const classes = yPred.shape.at(-1) ?? 1;
  if (yTrue.size === yPred.size && !areClassIndices(yTrue)) return likePredictions(yTrue, yPred);
  return tf.reshape(oneHot(tf.reshape(yTrue, [yTrue.size]), classes), yPred.shape);
}

function categoricalCrossentropy(t: tf.Tensor, p: tf.Tensor, options: LossConfig): tf.Tensor {
  const smoothing = options.labelSmoothing ?? 0;
  const classes = p.shape.at(-1) ?? 1;
  const truth = smoothing ? tf.add(tf.mul(t, 1 - smoothing), smoothing / classes) : t;
  if (options.fromLogits === true) return softmaxCrossEntropy(truth, p);
  const normal = tf.div(p, tf.sum(p, -1, true));
  return tf.neg(tf.sum(tf.mul(truth, tf.log(tf.clipByValue(normal, epsilon, 1 - epsilon))), -1));
}

function binaryCrossentropy(t: tf.Tensor, p: tf.Tensor, options: LossConfig): tf.Tensor {
  const smoothing = options.labelSmoothing ?? 0;
  const truth = smoothing ? tf.add(tf.mul(t, 1 - smoothing), smoothing / 2) : t;
  if (options.fromLogits === true) {
    // max(x, 0) - x z + log(1 + exp(-|x|)), stable for either sign
    const tail = tf.log(tf.add(tf.exp(tf.neg(tf.abs(p))), 1));
    return tf.add(tf.sub(tf.relu(p), tf.mul(p, truth)), tail);
  }
  const clipped = tf.clipByValue(p, epsilon, 1 - epsilon);
  const hit = tf.mul(truth, tf.log(clipped));
  const miss = tf.mul(tf.sub(1, truth), tf.log(tf.sub(1, clipped)));
  return tf.neg(tf.add(hit, miss));
}

function huber(t: tf.Tensor, p: tf.Tensor, options: LossConfig): tf.Tensor {
  const delta = options.delta ?? 1;
  const error = tf.abs(tf.sub(p, t));
  const within = tf.minimum(error, delta);
  // 0.5 e^2 inside, delta e - 0.5 delta^2 outside, written without a branch
  return tf.add(tf.mul(tf.square(within), 0.5), tf.mul(tf.sub(error, within), delta));
}

function logCosh(t: tf.Tensor, p: tf.Tensor): tf.Tensor {
  // |e| + log(1 + exp(-2|e|)) - log 2: no overflow for either sign
  const error = tf.abs(tf.sub(p, t));
  return tf.sub(tf.add(error, tf.log(tf.add(tf.exp(tf.mul(error, -2)), 1))), Math.LN2);
}

function categoricalHinge(t: tf.Tensor, p: tf.Tensor): tf.Tensor {
  const right = tf.sum(tf.mul(t, p), -1);
  const wrong = tf.max(tf.mul(tf.sub(1, t), p), -1);
  return tf.relu(tf.add(tf.sub(wrong, right), 1));
}

/** Keras takes labels 0 and 1 for -1 and 1. */
function plusMinusOne(t: tf.Tensor): tf.Tensor {
  return tf.sub(t, tf.cast(tf.equal(t, 0), 'float32'));
}

function logOfOnePlus(x: tf.Tensor): tf.Tensor {
  return tf.log(tf.add(tf.maximum(x, epsilon), 1));
}

function unitLength(x: tf.Tensor): tf.Tensor {
  const square = tf.sum(tf.square(x), -1, true);
  // 1e-12 is the floor of keras.ops.normalize.
  return tf.div(x, tf.sqrt(tf.maximum(square, 1e-12)));
}

/**
 * One forward and backward pass of the model over some samples, tensors in and tensors out: what
 * the eager step reads at once and the compiled step records. Changes nothing, reads no value.
 *
 * BatchNormalization normalises with the statistics of this call's samples, so with P workers each
 * sees batchSize / P of them: the one difference to a single worker that remains.
 */
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { applyWithLogits } from '../model/apply-with-logits.ts';
import { penaltiesOf, type LayerVariable } from './model-layers.ts';
import type { SampleLosses, StepMetric } from './training-step.ts';
import { hookVariables, type VariableHooks } from './variable-hooks.ts';

export interface PassInputs {
  /** [count, ...sampleShape] */
  readonly x: tf.Tensor;
  /** [count] int32 or [count, width] float32 */
  readonly y: tf.Tensor;
  readonly count: number;
  /** What the sum of losses is multiplied with before it is differentiated: 1 / globalCount. */
  readonly weight: tf.Scalar;
}

/** Tensors of the caller's scope. */
export interface PassOutputs {
  /** Sum over samples of loss and penalties, []. */
  readonly loss: tf.Tensor;
  /** Sums over samples, [size] by metric. */
  readonly metrics: readonly tf.Tensor[];
  /** Values that the moving statistics would take. */
  readonly statistics: readonly tf.Tensor[];
}

export interface TrainingPass {
  /**
   * Calls `onGradient` during the backward pass as the gradient of each variable is complete;
   * variables that the loss does not depend on are left out. `finish` gets what else came out.
   */
  run<T>(
    inputs: PassInputs,
    onGradient: (index: number, gradient: tf.Tensor) => void,
    finish: (outputs: PassOutputs) => T,
  ): T;
  readonly hooks: VariableHooks;
}

export interface PassOptions {
  readonly model: tfl.LayersModel;
  /** In the order in which gradients are numbered. */
  readonly variables: readonly LayerVariable[];
  readonly statistics: readonly LayerVariable[];
  readonly loss: SampleLosses;
  readonly metrics: readonly StepMetric[];
}

export function createTrainingPass(options: PassOptions): TrainingPass {
  const { model, variables, statistics } = options;
  const penalties = penaltiesOf(model);
  const hooks = hookVariables(variables, statistics);

  /** Loss plus penalties, summed over the samples. */
  const withPenalties = (losses: tf.Tensor, count: number): tf.Scalar => {
    const [first, ...others] = penalties.map((penalty) => penalty());
    if (first === undefined) return losses as tf.Scalar;
    const penalty = others.reduce((sum, term) => tf.add(sum, term), first);
    return tf.add(losses, tf.mul(penalty, count));
  };

  return {
    hooks,
    run: ({ x, y, count, weight }, onGradient, finish) => {
      // Read here: within the recording a read gives the identity around the variable.
      const reads = variables.map((variable) => variable.read());
      return hooks.record(onGradient, () => {
        let prediction: tf.Tensor | undefined;
        const forward = (): tf.Scalar =>
          applyWithLogits(model, x, { training: true }, (output, logits) => {
            prediction = tf.keep(output);
            return withPenalties(tf.sum(options.loss(y, output, logits)), count);
          });
        try {
          const { value } = tf.engine().gradients(forward, reads, weight, true);
          const predicted = prediction!;
          const written = hooks.written();
          return finish({
            loss: value,
            metrics: options.metrics.map((metric) => metric.update(y, predicted)),
            statistics: statistics.map((variable, index) => written[index] ?? variable.read()),
          });
        } finally {
          prediction?.dispose();
        }
      });
    },
  };
}

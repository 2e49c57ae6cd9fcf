/**
 * Defaults that depend on other fields: those of the chosen optimizer, loss and schedule, so that
 * the run config says everything that the trainer does. Values are those of Keras 3 unless noted.
 */
import type { TrainingFile } from '../generated/trainingjob.ts';
import type {
  EarlyStoppingConfig,
  LossConfig,
  OptimizerConfig,
  TrainingConfig,
} from '../run-config.ts';
import { isBetterWhenGreater } from './training-names.ts';

type OptimizerName = OptimizerConfig['name'];

const optimizerDefaults: Readonly<Record<OptimizerName, Omit<OptimizerConfig, 'name'>>> = {
  sgd: { learningRate: 0.01 },
  // Keras has momentum 0 as the default of SGD; who asks for momentum by name wants some: 0.9.
  momentum: { learningRate: 0.01, momentum: 0.9, nesterov: false },
  rmsprop: { learningRate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7 },
  adagrad: { learningRate: 0.001, initialAccumulatorValue: 0.1, epsilon: 1e-7 },
  adam: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  adamw: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.004 },
};

const lossDefaults: Readonly<Record<string, Omit<LossConfig, 'name'>>> = {
  binaryCrossentropy: { fromLogits: false, labelSmoothing: 0 },
  categoricalCrossentropy: { fromLogits: false, labelSmoothing: 0 },
  sparseCategoricalCrossentropy: { fromLogits: false },
  huber: { delta: 1 },
};

/** @param file with the defaults of the schema. */
export function fillTraining(file: TrainingFile): TrainingConfig {
  const { earlyStopping, learningRateSchedule: schedule } = file;
  const filled = {
    ...file,
    optimizer: {
      ...first(file.optimizer),
      ...optimizerDefaults[file.optimizer.name],
      ...file.optimizer,
    },
    loss: { ...first(file.loss), ...lossDefaults[file.loss.name], ...file.loss },
    learningRateSchedule: schedule?.name === 'cosine' ? { alpha: 0, ...schedule } : schedule,
    ...(earlyStopping ? { earlyStopping: fillEarlyStopping(earlyStopping) } : {}),
  };
  return filled as TrainingConfig;
}

function fillEarlyStopping(file: NonNullable<TrainingFile['earlyStopping']>): EarlyStoppingConfig {
  const figure = file.monitor.replace(/^val_/, '');
  return { mode: isBetterWhenGreater(figure) ? 'max' : 'min', ...file } as EarlyStoppingConfig;
}

/** The name before its defaults, so that a person who reads the run config meets it first. */
function first<T>({ name }: { readonly name: T }): { readonly name: T } {
  return { name };
}

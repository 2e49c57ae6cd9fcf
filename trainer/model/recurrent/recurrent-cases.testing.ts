/**
 * For tests: recurrent layers in every combination of options that is computed as a whole sequence,
 * and their outputs and gradients by tfjs's own composition and by ours.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { relativeError, randomFloats } from '../../backend/layer-cases.testing.ts';
import { runWholeSequences } from './run-whole-sequences.ts';

export interface RecurrentCase {
  readonly name: string;
  readonly build: () => tfl.layers.Layer;
  /** [B, T, D]. */
  readonly shape: readonly [number, number, number];
}

const recurrentInitializer = 'glorotNormal' as const;
const kinds = {
  LSTM: (options: Options) =>
    tfl.layers.lstm({ ...options, recurrentActivation: 'sigmoid', unitForgetBias: true }),
  GRU: (options: Options) => tfl.layers.gru({ ...options, recurrentActivation: 'sigmoid' }),
  SimpleRNN: (options: Options) => tfl.layers.simpleRNN(options),
};
export type RecurrentKind = keyof typeof kinds;
export const recurrentKinds = Object.keys(kinds) as RecurrentKind[];

export interface Options {
  readonly units: number;
  readonly recurrentInitializer: typeof recurrentInitializer;
  readonly returnSequences?: boolean;
  readonly returnState?: boolean;
  readonly goBackwards?: boolean;
  readonly useBias?: boolean;
  readonly dropout?: number;
  readonly recurrentDropout?: number;
  readonly activation?: 'tanh' | 'relu';
}

export function buildRecurrent(kind: RecurrentKind, options: Partial<Options> = {}): tfl.RNN {
  return kinds[kind]({ units: 4, recurrentInitializer, ...options });
}

const flags = [false, true];
/** 64 rows are enough for TensorFlow's two parts of a batch, 3 are one part of odd size. */
const shapes: readonly RecurrentCase['shape'][] = [
  [3, 5, 2],
  [64, 3, 3],
];

export const recurrentCases: readonly RecurrentCase[] = recurrentKinds.flatMap((kind) => [
  ...flags.flatMap((returnSequences) =>
    flags.flatMap((goBackwards) =>
      flags.map((useBias): RecurrentCase => ({
        name: `${kind}, ${returnSequences ? 'every step' : 'last step'}${goBackwards ? ', backwards' : ''}${useBias ? '' : ', no bias'}`,
        build: () => buildRecurrent(kind, { returnSequences, goBackwards, useBias }),
        shape: shapes[0]!,
      })),
    ),
  ),
  {
    name: `${kind} on a larger batch`,
    build: () => buildRecurrent(kind, { returnSequences: true }),
    shape: shapes[1]!,
  },
  {
    name: `${kind} on one sample`,
    build: () => buildRecurrent(kind),
    shape: [1, 2, 1],
  },
  {
    name: `Bidirectional ${kind}`,
    build: () =>
      tfl.layers.bidirectional({
        layer: buildRecurrent(kind, { returnSequences: true }),
        mergeMode: 'concat',
      }),
    shape: shapes[0]!,
  },
]);

export interface Outcome {
  readonly output: number[];
  /** By the input, then by the trainable weights. */
  readonly gradients: number[][];
}

/** Fixed inputs and weights; the loss is the output's product with fixed numbers. */
export function outcomeOf({ build, shape }: RecurrentCase, isWhole: boolean): Outcome {
  const input = tfl.input({ shape: [shape[1], shape[2]] });
  const model = tfl.model({ inputs: input, outputs: build().apply(input) as tfl.SymbolicTensor });
  if (isWhole) runWholeSequences(model);
  model.trainableWeights.forEach((weight, index) => {
    const size = (weight.shape as number[]).reduce((product, length) => product * length, 1);
    weight.write(tf.tensor(randomFloats(size, index + 2), weight.shape as number[]));
  });
  const size = shape[0] * shape[1] * shape[2];
  const x = tf.variable(tf.tensor(randomFloats(size, 1), [...shape]));
  const variables = [x, ...model.trainableWeights.map((weight) => weight.read() as tf.Variable)];
  const outcome: Outcome & tf.TensorContainerObject = tf.tidy(() => {
    let output: number[] = [];
    const { grads } = tf.variableGrads(() => {
      const y = model.apply(x, { training: true }) as tf.Tensor;
      output = [...y.dataSync()];
      return tf.sum(tf.mul(y, tf.tensor(randomFloats(y.size, 99), y.shape)));
    }, variables);
    return { output, gradients: variables.map(({ name }) => [...grads[name]!.dataSync()]) };
  });
  tf.dispose(variables);
  return outcome;
}

/** Greatest relative error over output and gradients. */
export function outcomeError(actual: Outcome, expected: Outcome): number {
  const errors = expected.gradients.map((values, i) => relativeError(actual.gradients[i]!, values));
  return Math.max(relativeError(actual.output, expected.output), ...errors);
}

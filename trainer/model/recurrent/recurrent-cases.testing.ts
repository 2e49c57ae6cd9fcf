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
  readonly build: (input: tfl.SymbolicTensor) => tfl.SymbolicTensor;
  /** [B, T, D]. */
  readonly shape: readonly [number, number, number];
}

const units = 4;
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
  readonly kernelInitializer?: 'ones';
  readonly recurrentInitializer: typeof recurrentInitializer | 'ones';
  readonly returnSequences?: boolean;
  readonly returnState?: boolean;
  readonly goBackwards?: boolean;
  readonly useBias?: boolean;
  readonly dropout?: number;
  readonly recurrentDropout?: number;
  readonly activation?: 'tanh' | 'relu';
}

export function buildRecurrent(kind: RecurrentKind, options: Partial<Options> = {}): tfl.RNN {
  return kinds[kind]({ units, recurrentInitializer, ...options });
}

type Build = RecurrentCase['build'];

/** The layer's first output. */
function applied(kind: RecurrentKind, options: Partial<Options> = {}): Build {
  return (input) => {
    const output = buildRecurrent(kind, options).apply(input);
    return (Array.isArray(output) ? output[0] : output) as tfl.SymbolicTensor;
  };
}

const flags = [false, true];
const small = [3, 5, 2] as const;
/** Enough rows for TensorFlow's two parts of a batch. */
const large = [64, 3, 3] as const;

const optionCases = recurrentKinds.flatMap((kind) =>
  flags.flatMap((returnSequences) =>
    flags.flatMap((goBackwards) =>
      flags.map((useBias): RecurrentCase => {
        const steps = returnSequences ? 'every step' : 'last step';
        const name = `${kind}, ${steps}${goBackwards ? ', backwards' : ''}${useBias ? '' : ', no bias'}`;
        return {
          name,
          build: applied(kind, { returnSequences, goBackwards, useBias }),
          shape: small,
        };
      }),
    ),
  ),
);

/** What is computed as a whole sequence. */
export const wholeCases: readonly RecurrentCase[] = [
  ...optionCases,
  ...recurrentKinds.flatMap((kind): RecurrentCase[] => [
    {
      name: `${kind} on a larger batch, every step`,
      build: applied(kind, { returnSequences: true }),
      shape: large,
    },
    { name: `${kind} on a larger batch, last step`, build: applied(kind), shape: large },
    { name: `${kind} on one sample`, build: applied(kind), shape: [1, 2, 1] },
    {
      name: `${kind} with dropout of its input`,
      build: dropping(kind, { dropout: 0.5 }),
      shape: small,
    },
    {
      name: `Bidirectional ${kind}`,
      build: (input) =>
        tfl.layers
          .bidirectional({
            layer: buildRecurrent(kind, { returnSequences: true }),
            mergeMode: 'concat',
          })
          .apply(input) as tfl.SymbolicTensor,
      shape: small,
    },
  ]),
];

/** What tfjs computes, for options that the whole sequence does not have. */
export const fallbackCases: readonly RecurrentCase[] = recurrentKinds.flatMap((kind) => [
  { name: `${kind} with relu`, build: applied(kind, { activation: 'relu' }), shape: small },
  {
    name: `${kind} that returns its state`,
    build: applied(kind, { returnState: true }),
    shape: small,
  },
  {
    name: `${kind} with dropout of its state`,
    build: dropping(kind, { recurrentDropout: 0.5 }),
    shape: small,
  },
]);

/** What Keras is told of a case. */
export interface KerasCase {
  readonly recurrentCase: RecurrentCase;
  readonly given: {
    readonly kind: RecurrentKind;
    readonly units: number;
    readonly every: boolean;
    readonly back: boolean;
    /** Shape and values of the input and of each weight. */
    readonly values: readonly (readonly [readonly number[], readonly number[]])[];
    /** What each output counts in the loss. */
    readonly factors: readonly number[];
  };
}

export function kerasCases(): KerasCase[] {
  return recurrentKinds.flatMap((kind) =>
    flags.map((every): KerasCase => {
      const [batch, time] = small;
      const options = { returnSequences: every, goBackwards: every };
      const recurrentCase = { name: kind, build: applied(kind, options), shape: small };
      const { variables } = subjectOf(recurrentCase, false);
      const values = variables.map((v) => [v.shape, [...v.dataSync()]] as const);
      tf.dispose([...variables]);
      const factors = [...randomFloats(batch * units * (every ? time : 1), 99)];
      return { recurrentCase, given: { kind, units, every, back: every, values, factors } };
    }),
  );
}

/** With one mask in place of random ones: every third value is dropped. */
function dropping(kind: RecurrentKind, options: Partial<Options>): Build {
  return (input) => {
    const layer = buildRecurrent(kind, options);
    const dropoutFunc = (ones: tf.Tensor, rate: number): tf.Tensor => {
      const mask = Float32Array.from({ length: ones.size }, (_, i) => (i % 3 ? 1 / (1 - rate) : 0));
      return tf.tensor(mask, ones.shape);
    };
    Object.assign(layer.cell, { dropoutFunc });
    return layer.apply(input) as tfl.SymbolicTensor;
  };
}

export interface Outcome {
  readonly output: number[];
  /** By the input, then by the trainable weights. */
  readonly gradients: number[][];
}

interface Subject {
  readonly model: tfl.LayersModel;
  /** The input and the trainable weights. */
  readonly variables: readonly tf.Variable[];
  /** The output's product with fixed numbers: each output counts differently. */
  readonly loss: (output: tf.Tensor) => tf.Scalar;
}

/** Fixed inputs and weights. */
function subjectOf({ build, shape }: RecurrentCase, isWhole: boolean): Subject {
  const input = tfl.input({ shape: [shape[1], shape[2]] });
  const model = tfl.model({ inputs: input, outputs: build(input) });
  if (isWhole) runWholeSequences(model);
  model.trainableWeights.forEach((weight, index) => {
    const size = (weight.shape as number[]).reduce((product, length) => product * length, 1);
    weight.write(tf.tensor(randomFloats(size, index + 2), weight.shape as number[]));
  });
  const x = tf.variable(tf.tensor(randomFloats(shape[0] * shape[1] * shape[2], 1), [...shape]));
  return {
    model,
    variables: [x, ...model.trainableWeights.map((weight) => weight.read() as tf.Variable)],
    loss: (output) =>
      tf.sum(tf.mul(output, tf.tensor(randomFloats(output.size, 99), output.shape))),
  };
}

export function outcomeOf(recurrentCase: RecurrentCase, isWhole: boolean): Outcome {
  const { model, variables, loss } = subjectOf(recurrentCase, isWhole);
  const outcome: Outcome & tf.TensorContainerObject = tf.tidy(() => {
    let output: number[] = [];
    const { grads } = tf.variableGrads(() => {
      const y = model.apply(variables[0]!, { training: true }) as tf.Tensor;
      output = [...y.dataSync()];
      return loss(y);
    }, [...variables]);
    return { output, gradients: variables.map(({ name }) => [...grads[name]!.dataSync()]) };
  });
  tf.dispose([...variables]);
  return outcome;
}

/** Greatest relative error over output and gradients. */
export function outcomeError(actual: Outcome, expected: Outcome): number {
  const errors = expected.gradients.map((values, i) => relativeError(actual.gradients[i]!, values));
  return Math.max(relativeError(actual.output, expected.output), ...errors);
}

/** Of the central differences: their error is its square, that of rounding its inverse. */
const differenceStep = 4e-3;

/**
 * The loss's slope along a random direction of each variable, by gradients and by differences:
 * their greatest difference, in relation to the slope that the gradient could have at most.
 */
export function slopeError(recurrentCase: RecurrentCase): number {
  const { gradients } = outcomeOf(recurrentCase, true);
  const { model, variables } = subjectOf(recurrentCase, true);
  const lossOf = (): number => {
    const values = tf.tidy(() =>
      (model.apply(variables[0]!, { training: true }) as tf.Tensor).dataSync(),
    );
    // Summed in double precision, so that only the layer itself rounds to single.
    const weights = randomFloats(values.length, 99);
    return weights.reduce((sum, weight, index) => sum + weight * values[index]!, 0);
  };
  const errors = variables.map((variable, which) => {
    const original = tf.clone(variable);
    const direction = randomFloats(variable.size, 50 + which);
    const lossAt = (shift: number): number => {
      const values = original.dataSync().map((value, i) => value + shift * direction[i]!);
      variable.assign(tf.tensor(values, variable.shape));
      return lossOf();
    };
    const numeric = (lossAt(differenceStep) - lossAt(-differenceStep)) / (2 * differenceStep);
    lossAt(0);
    const products = gradients[which]!.map((value, i) => value * direction[i]!);
    const slope = products.reduce((sum, product) => sum + product, 0);
    const scale = products.reduce((sum, product) => sum + Math.abs(product), 1e-3);
    return Math.abs(slope - numeric) / scale;
  });
  tf.dispose([...variables]);
  return Math.max(...errors);
}

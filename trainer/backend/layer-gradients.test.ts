import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { cpuBackend } from './cpu-backend.ts';
import { wasmBackend } from './wasm-backend.ts';

/** Step of the central differences: their error is its square, that of rounding its inverse. */
const step = 4e-3;
const relativeTolerance = 1e-3;

type Layer = ReturnType<typeof tfl.layers.dense>;

interface LayerCase {
  readonly name: string;
  readonly build: () => {
    apply: Layer['apply'];
    trainableWeights: Layer['trainableWeights'];
    build?: unknown;
  };
  /** With the batch. */
  readonly inputShape: readonly number[];
  readonly inputValues?: (count: number) => Float32Array;
  /** True where the layer looks its input up instead of computing with it. */
  readonly isIndex?: boolean;
}

/** Mulberry32 in [-1, 1): the same numbers in every run. */
function randomFloats(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** No value within 0.05 of 0 or of another: no kink of relu or max lies inside a step. */
function spacedFloats(count: number): Float32Array {
  const order = Array.from(randomFloats(count, 12).entries()).sort(([, one], [, two]) => one - two);
  const values = new Float32Array(count);
  order.forEach(([index], rank) => {
    values[index] = (rank - (count - 1) / 2) * 0.1 + 0.05 * ((count + 1) % 2 === 0 ? 1 : 0);
  });
  return values;
}

const image = [2, 6, 5, 3];
const sequence = [2, 4, 3];
const { layers } = tfl;
/** tfjs's default, orthogonal, needs methods on tensors that only its union package registers. */
const recurrentInitializer = 'glorotNormal' as const;

const cases: readonly LayerCase[] = [
  ...(['valid', 'same'] as const).flatMap((padding): LayerCase[] => [
    {
      name: `Conv2D, ${padding}`,
      build: () => layers.conv2d({ filters: 5, kernelSize: 3, padding, activation: 'tanh' }),
      inputShape: image,
    },
    {
      name: `Conv2D with strides, ${padding}`,
      build: () => layers.conv2d({ filters: 4, kernelSize: [2, 3], strides: 2, padding }),
      inputShape: image,
    },
    {
      name: `DepthwiseConv2D, ${padding}`,
      build: () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding }),
      inputShape: image,
    },
    {
      name: `SeparableConv2D, ${padding}`,
      build: () => layers.separableConv2d({ filters: 4, kernelSize: 3, padding }),
      inputShape: image,
    },
    {
      name: `MaxPooling2D, ${padding}`,
      build: () => layers.maxPooling2d({ poolSize: 2, padding }),
      inputShape: image,
      inputValues: spacedFloats,
    },
    {
      name: `AveragePooling2D, ${padding}`,
      build: () => layers.averagePooling2d({ poolSize: [2, 2], padding }),
      inputShape: image,
    },
  ]),
  {
    name: 'GlobalAveragePooling2D',
    build: () => layers.globalAveragePooling2d({}),
    inputShape: image,
  },
  {
    name: 'Dense',
    build: () => layers.dense({ units: 5, activation: 'tanh' }),
    inputShape: [4, 7],
  },
  { name: 'Dense on sequences', build: () => layers.dense({ units: 3 }), inputShape: sequence },
  { name: 'Flatten', build: () => layers.flatten(), inputShape: image },
  { name: 'Dropout of rate 0', build: () => layers.dropout({ rate: 0 }), inputShape: [4, 7] },
  { name: 'BatchNormalization', build: () => layers.batchNormalization(), inputShape: [6, 3] },
  {
    name: 'BatchNormalization on images',
    build: () => layers.batchNormalization(),
    inputShape: image,
  },
  { name: 'LayerNormalization', build: () => layers.layerNormalization(), inputShape: [4, 6] },
  {
    name: 'LSTM',
    build: () => layers.lstm({ recurrentInitializer, units: 3, recurrentActivation: 'sigmoid' }),
    inputShape: sequence,
  },
  {
    name: 'LSTM of every step',
    build: () =>
      layers.lstm({
        recurrentInitializer,
        units: 2,
        recurrentActivation: 'sigmoid',
        returnSequences: true,
      }),
    inputShape: sequence,
  },
  {
    name: 'GRU',
    build: () => layers.gru({ recurrentInitializer, units: 3, recurrentActivation: 'sigmoid' }),
    inputShape: sequence,
  },
  {
    name: 'SimpleRNN',
    build: () => layers.simpleRNN({ recurrentInitializer, units: 4 }),
    inputShape: sequence,
  },
  {
    name: 'Embedding',
    build: () => layers.embedding({ inputDim: 6, outputDim: 4 }),
    inputShape: [3, 4],
    inputValues: (count) => Float32Array.from({ length: count }, (_, index) => (index * 5) % 6),
    isIndex: true,
  },
  ...(['relu', 'tanh', 'sigmoid', 'softmax'] as const).map((activation): LayerCase => ({
    name: `Activation ${activation}`,
    build: () => layers.activation({ activation }),
    inputShape: [3, 5],
    ...(activation === 'relu' ? { inputValues: spacedFloats } : {}),
  })),
];

interface Subject {
  /** The input (unless it is an index) and the trainable weights. */
  readonly variables: readonly tf.Variable[];
  readonly output: () => tf.Tensor;
}

function subjectOf({ build, inputShape, inputValues, isIndex = false }: LayerCase): Subject {
  const layer = build();
  const symbol = tfl.input({ batchShape: [...inputShape], dtype: 'float32' });
  layer.apply(symbol);
  const count = inputShape.reduce((product, length) => product * length, 1);
  const input = tf.variable(
    tf.tensor(inputValues?.(count) ?? randomFloats(count, 1), [...inputShape]),
  );
  layer.trainableWeights.forEach((weight, index) => {
    const { shape } = weight.read();
    const size = shape.reduce((product, length) => product * length, 1);
    weight.write(tf.tensor(randomFloats(size, index + 2), shape));
  });
  const weights = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return {
    variables: isIndex ? weights : [input, ...weights],
    output: () => layer.apply(input, { training: true }) as tf.Tensor,
  };
}

/** The loss is the output's product with fixed numbers: each output counts differently. */
function analyticGradients({ variables, output }: Subject): number[][] {
  return tf.tidy(() => {
    const { grads } = tf.variableGrads(() => {
      const result = output();
      return tf.sum(tf.mul(result, tf.tensor(randomFloats(result.size, 99), result.shape)));
    }, [...variables]);
    return variables.map(({ name }) => Array.from(grads[name]!.dataSync()));
  });
}

/** Summed in double precision, so that only the layer itself rounds to single. */
function lossOf({ output }: Subject): number {
  const values = Array.from(tf.tidy(() => output().dataSync()));
  const weights = randomFloats(values.length, 99);
  return values.reduce((sum, value, index) => sum + value * weights[index]!, 0);
}

function numericGradient(subject: Subject, variable: tf.Variable): number[] {
  const original = Float32Array.from(variable.dataSync());
  const lossAt = (index: number, shift: number): { loss: number; at: number } => {
    const moved = Float32Array.from(original);
    moved[index]! += shift;
    const tensor = tf.tensor(moved, variable.shape);
    variable.assign(tensor);
    tensor.dispose();
    return { loss: lossOf(subject), at: moved[index]! };
  };
  const gradient = Array.from(original.keys(), (index) => {
    const [up, down] = [lossAt(index, step), lossAt(index, -step)];
    return (up.loss - down.loss) / (up.at - down.at);
  });
  variable.assign(tf.tensor(original, variable.shape));
  return gradient;
}

function relativeError(actual: readonly number[], expected: readonly number[]): number {
  assert.equal(actual.length, expected.length);
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
  return actual.reduce((largest, value, index) => {
    const error = Math.abs(value - expected[index]!) / scale;
    return Number.isNaN(error) ? Infinity : Math.max(largest, error);
  }, 0);
}

before(async () => {
  await cpuBackend.open();
  await wasmBackend.open();
});

for (const layerCase of cases) {
  test(`the gradients of ${layerCase.name} on wasm are those of cpu and of finite differences`, async () => {
    assert.ok(await tf.setBackend('cpu'));
    const expected = analyticGradients(subjectOf(layerCase));
    assert.ok(await tf.setBackend('wasm'));
    const subject = subjectOf(layerCase);
    const actual = analyticGradients(subject);
    subject.variables.forEach((variable, index) => {
      const { name } = variable;
      const toCpu = relativeError(actual[index]!, expected[index]!);
      assert.ok(toCpu <= relativeTolerance / 10, `${name} differs from cpu by ${toCpu}`);
      const toNumeric = relativeError(actual[index]!, numericGradient(subject, variable));
      assert.ok(
        toNumeric <= relativeTolerance,
        `${name} differs from finite differences by ${toNumeric}`,
      );
    });
  });
}

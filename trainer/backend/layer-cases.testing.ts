/**
 * For tests: a layer of each kind with fixed weights and inputs, and its gradients by tfjs. The
 * backends are held to each other, and one of them to finite differences.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import {
  MultiHeadAttention,
  type MultiHeadAttentionConfig,
} from '../model/attention/multi-head-attention.ts';
import { normalizeLayerByRows } from '../model/layer-normalization.ts';

type Layer = ReturnType<typeof tfl.layers.dense>;

export interface LayerCase {
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
export function randomFloats(count: number, seed: number): Float32Array {
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

/** Our LayerNormalization, with weights and without, of one axis and of more. */
const rowNormalizations = [
  ['', {}, [4, 6]],
  [' on sequences', { epsilon: 1e-6 }, [2, 4, 5]],
  [' without weights', { center: false, scale: false }, [4, 6]],
  [' without scale', { scale: false }, [3, 5]],
  [' over two axes', { axis: [-2, -1] }, [3, 2, 4]],
  [' over an inner axis', { axis: 1 }, [3, 4, 2]],
].map(([name, config, inputShape]): LayerCase => {
  const build = (): tfl.layers.Layer => {
    const layer = layers.layerNormalization(
      config as Parameters<typeof layers.layerNormalization>[0],
    );
    normalizeLayerByRows(layer);
    return layer;
  };
  return {
    name: `LayerNormalization by rows${String(name)}`,
    build,
    inputShape: inputShape as number[],
  };
});

interface AttentionCase {
  readonly name: string;
  readonly config?: Partial<MultiHeadAttentionConfig>;
  /** Of the one input: 1 is self-attention. */
  readonly copies: number;
  readonly options?: { readonly useCausalMask: boolean };
}

const attentionCases: readonly AttentionCase[] = [
  { name: 'of itself', copies: 1 },
  { name: 'of values', copies: 2, config: { valueDim: 4, outputShape: [5] } },
  { name: 'of keys and values', copies: 3, config: { useBias: false } },
  { name: 'of what came before', copies: 1, options: { useCausalMask: true } },
  { name: 'with dropout', copies: 1, config: { dropout: 0.4 } },
];

const attentions = attentionCases.map(({ name, config, copies, options }): LayerCase => ({
  name: `MultiHeadAttention ${name}`,
  build: () => {
    const layer = new MultiHeadAttention({ numHeads: 2, keyDim: 3, ...config });
    layer.drawFactors = (shape) => {
      const size = shape.reduce((product, length) => product * length, 1);
      const kept = randomFloats(size, 7).map((value) => (value > -0.2 ? 1 / 0.6 : 0));
      return tf.tensor(kept, [...shape]);
    };
    return {
      apply: (input, given) =>
        layer.apply(Array.from({ length: copies }, () => input) as tf.Tensor[], {
          ...given,
          ...options,
        }),
      // Softmax does not see what is added to all keys: the gradient of their bias is rounding.
      get trainableWeights() {
        return layer.trainableWeights.filter(({ originalName }) => !/key.bias$/.test(originalName));
      },
    };
  },
  inputShape: [2, 4, 6],
}));

export const layerCases: readonly LayerCase[] = [
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
  ...rowNormalizations,
  ...attentions,
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
  ...(['relu', 'tanh', 'sigmoid', 'softmax', 'gelu', 'swish'] as const).map(
    (activation): LayerCase => ({
      name: `Activation ${activation}`,
      build: () => layers.activation({ activation }),
      inputShape: [3, 5],
      ...(activation === 'relu' ? { inputValues: spacedFloats } : {}),
    }),
  ),
];

export interface Subject {
  /** The input (unless it is an index) and the trainable weights. */
  readonly variables: readonly tf.Variable[];
  readonly output: () => tf.Tensor;
}

export function subjectOf({ build, inputShape, inputValues, isIndex = false }: LayerCase): Subject {
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
export function analyticGradients({ variables, output }: Subject): number[][] {
  return tf.tidy(() => {
    const { grads } = tf.variableGrads(() => {
      const result = output();
      return tf.sum(tf.mul(result, tf.tensor(randomFloats(result.size, 99), result.shape)));
    }, [...variables]);
    return variables.map(({ name }) => Array.from(grads[name]!.dataSync()));
  });
}

/** Greatest difference in relation to the greatest expected value. */
export function relativeError(actual: readonly number[], expected: readonly number[]): number {
  assert.equal(actual.length, expected.length);
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
  return actual.reduce((largest, value, index) => {
    const error = Math.abs(value - expected[index]!) / scale;
    return Number.isNaN(error) ? Infinity : Math.max(largest, error);
  }, 0);
}

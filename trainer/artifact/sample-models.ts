/** Small models of every kind that files must carry over unchanged; for tests only. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { buildModel } from '../model/build-model.ts';
import { randomStream } from '../model/random-stream.ts';

export interface SampleModel {
  readonly name: string;
  readonly topology: Topology;
  readonly inputShapes: readonly (readonly number[])[];
}

const layer = (className: string, config: object): object => ({ class_name: className, config });
const node = (
  className: string,
  name: string,
  config: object,
  from: readonly unknown[],
): object => ({
  class_name: className,
  name,
  config: { name, ...config },
  inbound_nodes: from,
});
const sequential = (name: string, layers: readonly object[]): Topology => ({
  class_name: 'Sequential',
  config: { name, layers },
});

const cnn = sequential('cnn', [
  layer('Conv2D', { name: 'conv', filters: 4, kernel_size: [3, 3], padding: 'same', activation: 'relu', batch_input_shape: [null, 8, 8, 2] }),
  layer('BatchNormalization', { name: 'norm' }),
  layer('MaxPooling2D', { pool_size: [2, 2] }),
  layer('DepthwiseConv2D', { kernel_size: [3, 3], depth_multiplier: 2, activation: 'swish' }),
  layer('SeparableConv2D', { filters: 3, kernel_size: [2, 2], activation: 'elu', kernel_regularizer: null }),
  layer('LeakyReLU', { alpha: 0.1 }),
  layer('Flatten', {}),
  layer('Dropout', { rate: 0.3 }),
  layer('Dense', { units: 3, activation: 'softmax', kernel_regularizer: 'l2' }),
]); // prettier-ignore

const recurrent = sequential('recurrent', [
  layer('InputLayer', { name: 'series', batch_input_shape: [null, 6, 4] }),
  layer('Bidirectional', { name: 'both', layer: layer('LSTM', { name: 'lstm', units: 3, return_sequences: true }) }),
  layer('LayerNormalization', { name: 'layer_norm' }),
  layer('TimeDistributed', { name: 'each', layer: layer('Dense', { name: 'inner', units: 5, activation: 'tanh' }) }),
  layer('LSTM', { name: 'lstm_2', units: 4, return_sequences: true, dropout: 0.2 }),
  layer('GRU', { name: 'gru', units: 3 }),
  layer('Dense', { name: 'scores', units: 2 }),
]); // prettier-ignore

const tokens = sequential('tokens', [
  layer('Embedding', { name: 'words', input_dim: 10, output_dim: 4, batch_input_shape: [null, 5] }),
  layer('Conv1D', { name: 'grams', filters: 3, kernel_size: 2, activation: 'gelu' }),
  layer('GlobalMaxPooling1D', {}),
  layer('Dense', { name: 'chance', units: 1, activation: 'sigmoid' }),
]); // prettier-ignore

const functional: Topology = {
  class_name: 'Functional',
  config: {
    name: 'graph',
    layers: [
      node('InputLayer', 'left', { batch_input_shape: [null, 4] }, []),
      node('InputLayer', 'right', { batch_input_shape: [null, 4] }, []),
      node('Dense', 'shared', { units: 3, activation: 'relu' }, [
        [['left', 0, 0, {}]],
        [['right', 0, 0, {}]],
      ]),
      node('Add', 'sum', {}, [[['shared', 0, 0, {}], ['shared', 1, 0, {}]]]),
      node('Concatenate', 'cat', { axis: -1 }, [[['sum', 0, 0, {}], ['left', 0, 0, {}]]]),
      node('Dense', 'out', { units: 2 }, [[['cat', 0, 0, {}]]]),
    ],
    input_layers: [['left', 0, 0], ['right', 0, 0]],
    output_layers: [['out', 0, 0]],
  },
}; // prettier-ignore

const attention = (name: string, config: object, calls: readonly unknown[]): object =>
  node('MultiHeadAttention', name, { num_heads: 2, key_dim: 3, ...config }, calls);

const transformer: Topology = {
  class_name: 'Functional',
  config: {
    name: 'transformer',
    layers: [
      node('InputLayer', 'tokens', { batch_input_shape: [null, 6] }, []),
      node('InputLayer', 'places', { batch_input_shape: [null, 6] }, []),
      node('Embedding', 'words', { input_dim: 5, output_dim: 4 }, [[['tokens', 0, 0, {}]]]),
      node('Embedding', 'positions', { input_dim: 6, output_dim: 4 }, [[['places', 0, 0, {}]]]),
      node('Add', 'placed', {}, [[['words', 0, 0, {}], ['positions', 0, 0, {}]]]),
      attention('self', { dropout: 0.1 }, [[['placed', 0, 0, {}]]]),
      node('Add', 'residual', {}, [[['placed', 0, 0, {}], ['self', 0, 0, {}]]]),
      node('LayerNormalization', 'norm', { epsilon: 1e-6 }, [[['residual', 0, 0, {}]]]),
      node('Dense', 'wide', { units: 7, activation: 'gelu' }, [[['norm', 0, 0, {}]]]),
      attention('causal', { value_dim: 5, output_shape: [3] }, [[['wide', 0, 0, { use_causal_mask: true }]]]),
      attention('cross', { use_bias: false }, [[['causal', 0, 0, {}], ['placed', 0, 0, {}]]]),
      attention('keyed', {}, [[['cross', 0, 0, {}], ['norm', 0, 0, { tensors: [0, 1, 0] }]]]),
      node('Add', 'both', {}, [[['cross', 0, 0, {}], ['keyed', 0, 0, {}]]]),
      node('LayerNormalization', 'all', { axis: [1, 2] }, [[['both', 0, 0, {}]]]),
      attention('three', {}, [[['all', 0, 0, {}], ['wide', 0, 0, {}], ['placed', 0, 0, {}]]]),
      node('GlobalAveragePooling1D', 'mean', {}, [[['three', 0, 0, {}]]]),
      node('Dense', 'out', { units: 2 }, [[['mean', 0, 0, {}]]]),
    ],
    input_layers: [['tokens', 0, 0], ['places', 0, 0]],
    output_layers: [['out', 0, 0]],
  },
}; // prettier-ignore

export const sampleModels: readonly SampleModel[] = [
  { name: 'cnn', topology: cnn, inputShapes: [[8, 8, 2]] },
  { name: 'recurrent', topology: recurrent, inputShapes: [[6, 4]] },
  { name: 'tokens', topology: tokens, inputShapes: [[5]] },
  { name: 'functional', topology: functional, inputShapes: [[4], [4]] },
  { name: 'transformer', topology: transformer, inputShapes: [[6], [6]] },
];

/** A model whose every weight, biases and statistics too, is a random number above zero. */
export function trainedModel(topology: Topology): LayersModel {
  const model = buildModel(topology, { seed: 3 });
  for (const variable of model.weights) {
    const random = randomStream(5, variable.originalName);
    const shape = variable.shape as number[];
    const value = tf.add(variable.read(), tf.tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.3 * random.uniform()),
      shape,
    )); // prettier-ignore
    variable.write(value);
    value.dispose();
  }
  return model;
}

/** Two samples for each input: small whole numbers, which every layer and file takes exactly. */
export function sampleInputs(sample: SampleModel): number[][] {
  return sample.inputShapes.map((shape, input) => {
    const size = 2 * shape.reduce((a, b) => a * b, 1);
    return Array.from({ length: size }, (_, i) => (i * 7 + 3 * input) % 5);
  });
}

/** Predictions of two samples, flat. */
export function predict(model: LayersModel, sample: SampleModel): number[] {
  return tf.tidy(() => {
    const inputs = sampleInputs(sample).map((values, input) =>
      tf.tensor(values, [2, ...(sample.inputShapes[input] ?? [])]),
    );
    const output = model.predict(inputs.length === 1 ? inputs[0]! : inputs) as tf.Tensor;
    return [...output.dataSync()];
  });
}

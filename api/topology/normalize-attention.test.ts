import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Topology } from '../run-config.ts';
import { normalizeTopology } from './normalize-topology.ts';

type Calls = readonly unknown[];

/** A network of four sequences a, b, c, d and one attention between them. */
function attentionOf(calls: Calls, config: object = {}): Topology {
  const node = (
    class_name: string,
    name: string,
    settings: object,
    inbound_nodes: Calls,
  ): object => ({
    class_name,
    name,
    config: { name, ...settings },
    inbound_nodes,
  });
  const sequence = (name: string): object =>
    node('Dense', name, { units: 6 }, [[['in', 0, 0, {}]]]);
  return {
    class_name: 'Functional',
    config: {
      name: 'net',
      layers: [
        node('InputLayer', 'in', { batch_input_shape: [null, 5, 6] }, []),
        ...['a', 'b', 'c'].map(sequence),
        node('MultiHeadAttention', 'look', { num_heads: 2, key_dim: 3, ...config }, calls),
        node('Flatten', 'out', {}, [[['look', 0, 0, {}]]]),
      ],
      input_layers: [['in', 0, 0]],
      output_layers: [['out', 0, 0]],
    },
  };
}

interface Layer {
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes: unknown;
}

function normalAttention(topology: Topology): Layer {
  return (normalizeTopology(topology).config['layers'] as readonly Layer[])[4]!;
}

/** A tensor as Keras 3 writes it. */
const tensor = (name: string): object => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 5, 6], dtype: 'float32', keras_history: [name, 0, 0] },
});

describe('a call of MultiHeadAttention', () => {
  const [q, v, k] = [
    ['a', 0, 0, {}],
    ['b', 0, 0, {}],
    ['c', 0, 0, {}],
  ] as const;
  const last = (reference: readonly unknown[], options: object): unknown[] => [
    ...reference.slice(0, 3),
    options,
  ];
  const same: readonly [string, unknown, unknown][] = [
    ['by position in Keras 3', { args: [tensor('a'), tensor('b')], kwargs: {} }, [q, v]],
    ['with a key by position', { args: [tensor('a'), tensor('b'), tensor('c')], kwargs: {} }, [q, v, k]],
    ['by name', { args: [], kwargs: { query: tensor('a'), value: tensor('b'), key: tensor('c') } }, [q, v, k]],
    ['partly by name', { args: [tensor('a')], kwargs: { value: tensor('b'), training: null } }, [q, v]],
    ['of one tensor', { args: [tensor('a'), tensor('a'), tensor('a')], kwargs: {} }, [q]],
    ['with the values as keys', { args: [tensor('a'), tensor('b'), tensor('b')], kwargs: {} }, [q, v]],
    ['with the query as keys', { args: [tensor('a'), tensor('b')], kwargs: { key: tensor('a') } }, [q, last(v, { tensors: [0, 1, 0] })]],
    ['with a causal mask', { args: [tensor('a'), tensor('b')], kwargs: { use_causal_mask: true } }, [q, last(v, { use_causal_mask: true })]],
    ['without a causal mask', { args: [tensor('a'), tensor('b')], kwargs: { use_causal_mask: false } }, [q, v]],
    ['in Keras 2', [['a', 0, 0, { value: ['b', 0, 0], key: ['c', 0, 0], use_causal_mask: true }]], [q, v, last(k, { use_causal_mask: true })]],
    ['in the normal form', [q, last(v, { tensors: [0, 1, 0], use_causal_mask: true })], [q, last(v, { tensors: [0, 1, 0], use_causal_mask: true })]],
  ]; // prettier-ignore
  for (const [name, call, normal] of same) {
    test(`${name} has one form`, () => {
      assert.deepEqual(normalAttention(attentionOf([call])).inbound_nodes, [normal]);
    });
  }

  const wrong: readonly [string, Calls, RegExp][] = [
    ['without a value', [{ args: [tensor('a')], kwargs: {} }], /^Layer "look" \(MultiHeadAttention\) is called without a value; call it with query and value\.$/],
    ['with a mask', [{ args: [tensor('a'), tensor('b')], kwargs: { attention_mask: tensor('c') } }], /is called with attention_mask, which this trainer does not pass on; call it with query, value, key and use_causal_mask only\.$/],
    ['with a mask by position', [{ args: [tensor('a'), tensor('b'), null, tensor('c')], kwargs: {} }], /is called with a mask, which/],
    ['for the scores', [{ args: [tensor('a'), tensor('b')], kwargs: { return_attention_scores: true } }], /is called with return_attention_scores, which/],
    ['in two ways', [[q], [q, v]], /is called in two ways .*; use two layers\.$/],
  ]; // prettier-ignore
  for (const [name, calls, message] of wrong) {
    test(`${name} is refused`, () => {
      assert.throws(() => normalizeTopology(attentionOf(calls)), { reason: 'BadConfig', message });
    });
  }
});

describe('settings of MultiHeadAttention', () => {
  const calls = [[['a', 0, 0, {}]]];

  test('are written out in one form', () => {
    const { config } = normalAttention(
      attentionOf(calls, { attention_axes: [1], output_shape: 4, seed: 3, use_gate: false }),
    );
    const { attention_axes, output_shape, value_dim, dropout, use_bias, seed } = config;
    assert.deepEqual(
      [attention_axes, output_shape, value_dim, dropout, use_bias, seed],
      [null, [4], 3, 0, true, undefined],
    );
  });

  test('are normal once they are normalised', () => {
    const once = normalizeTopology(attentionOf(calls, { value_dim: 7 }));
    assert.deepEqual(normalizeTopology(once), once);
  });

  const wrong: readonly [object, RegExp][] = [
    [{ num_heads: 0 }, /^Layer "look" has num_heads: 0; give a whole number above 0\.$/],
    [{ key_dim: null }, /^Layer "look" \(MultiHeadAttention\) has no key_dim; add it\.$/],
    [{ attention_axes: [1, 2] }, /attends over the axes \[1,2\], .*; set attention_axes to null/],
    [{ output_shape: [2, 3] }, /has the output_shape \[2,3\]; give one number, and follow it by Reshape/],
    [{ use_gate: true }, /has use_gate: true, which TensorFlow\.js does not compute; set it to false\.$/],
    [{ sliding_window: 3 }, /has sliding_window: 3, .*; set it to null\.$/],
    [{ head_size: 3 }, /has the unknown key head_size;/],
  ]; // prettier-ignore
  for (const [config, message] of wrong) {
    test(`${JSON.stringify(config)} are refused`, () => {
      const topology = attentionOf(calls, config);
      assert.throws(() => normalizeTopology(topology), { reason: 'BadConfig', message });
    });
  }

  test('cannot help a layer that gets one tensor only', () => {
    const look = { class_name: 'MultiHeadAttention', config: { name: 'look', num_heads: 1, key_dim: 2 } };
    const each = { class_name: 'TimeDistributed', config: { name: 'each', layer: look } };
    for (const layer of [look, each]) {
      const input = { class_name: 'InputLayer', config: { name: 'in', batch_input_shape: [null, 5, 6] } };
      const topology = { class_name: 'Sequential', config: { name: 'net', layers: [input, layer] } };
      assert.throws(() => normalizeTopology(topology), {
        message: /^Layer "look" \(MultiHeadAttention\) takes a query and a value, .*; make the model with the functional API\.$/,
      });
    }
  });
}); // prettier-ignore

describe('a mask', () => {
  const layer = (class_name: string, name: string, config: object = {}): object => ({
    class_name,
    config: { name, ...config },
  });
  const net = (...layers: object[]): Topology => ({
    class_name: 'Sequential',
    config: {
      name: 'net',
      layers: [layer('InputLayer', 'in', { batch_input_shape: [null, 5] }), ...layers],
    },
  });
  const words = layer('Embedding', 'words', { input_dim: 9, output_dim: 4, mask_zero: true });
  const mean = layer('GlobalAveragePooling1D', 'mean');

  test('that a mean would need is refused', () => {
    const refusal = {
      reason: 'BadConfig',
      message:
        /^Layer "mean" \(GlobalAveragePooling1D\) would get the mask of the layer "words" in Keras, .*; set mask_zero to false there/,
    };
    assert.throws(() => normalizeTopology(net(words, mean)), refusal);
    const wide = layer('Dense', 'wide', { units: 3 });
    assert.throws(() => normalizeTopology(net(words, wide, mean)), refusal);
    const steps = layer('LSTM', 'steps', { units: 3, return_sequences: true });
    assert.throws(() => normalizeTopology(net(words, steps, mean)), refusal);
  });

  test('that ends before the mean, or that recurrent layers take, is fine', () => {
    const grams = layer('Conv1D', 'grams', { filters: 2, kernel_size: 2 });
    normalizeTopology(net(words, grams, mean));
    normalizeTopology(net(words, layer('LSTM', 'steps', { units: 3 })));
  });
});

/** Topologies of every dialect build; wrong ones end in one sentence; weights follow the seed. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { buildModel } from './build-model.ts';
import { checkShapes } from './check-shapes.ts';
import { assignWeights, readWeights } from './named-weights.ts';
import { normalizeTopology } from '@tfjs-operator/api/topology/normalize-topology.ts';

const layer = (className: string, config: object): object => ({ class_name: className, config });
const sequential = (...layers: readonly object[]): Topology => ({
  class_name: 'Sequential',
  config: { name: 'model', layers },
});
const input = layer('InputLayer', { name: 'image', batch_input_shape: [null, 4, 4, 1] });
const seeds = { seed: 1 };

/** One call [name, 0, 0] of each source. */
const graph = (nodes: readonly [string, string, object, string[]][], output: string): Topology => ({
  class_name: 'Functional',
  config: {
    name: 'graph',
    layers: nodes.map(([className, name, config, from]) => ({
      class_name: className,
      name,
      config: { name, ...config },
      inbound_nodes: from.length === 0 ? [] : [from.map((source) => [source, 0, 0, {}])],
    })),
    input_layers: [['in', 0, 0]],
    output_layers: [[output, 0, 0]],
  },
});

beforeEach(async () => {
  await tf.setBackend('cpu');
});

describe('wrong topologies', () => {
  const wrong: readonly [string, unknown, RegExp][] = [
    [
      'an unknown layer is refused with its name and the nearest class',
      sequential(input, layer('Conv2d', { name: 'eyes', filters: 2 })),
      /^Layer "eyes" is of the class Conv2d, which this trainer does not have; did you mean "Conv2D"\?$/,
    ],
    [
      'an unknown key of a layer is refused with the nearest key',
      sequential(input, layer('Dense', { name: 'last', unit: 3 })),
      /^Layer "last" \(Dense\) has the unknown key unit; did you mean "units"\?$/,
    ],
    [
      'a missing size is named',
      sequential(input, layer('Dense', { name: 'last' })),
      /^Layer "last" \(Dense\) has no units; add it\.$/,
    ],
    [
      'a missing input shape is named with an example',
      sequential(layer('Dense', { name: 'first', units: 2 })),
      /^The first layer, "first", has no input shape; add batch_input_shape .* \[null, 28, 28, 1\]\.$/,
    ],
    [
      'a GRU that resets after is refused with the way out',
      sequential(input, layer('GRU', { name: 'gru', units: 2, reset_after: true })),
      /^Layer "gru" is a GRU with reset_after true.*set reset_after to false/,
    ],
    [
      'an unknown activation is refused',
      sequential(input, layer('Dense', { name: 'd', units: 1, activation: 'rellu' })),
      /^Layer "d": activation "rellu" is unknown; did you mean "relu"\?$/,
    ],
    [
      'an unknown initializer is refused',
      sequential(input, layer('Dense', { name: 'd', units: 1, kernel_initializer: 'glorot' })),
      /^Layer "d": kernel_initializer "glorot" is unknown; /,
    ],
    [
      'hard_sigmoid of Keras 3 is refused, since it means something else here',
      sequential(
        layer('InputLayer', { name: 'x', batch_shape: [null, 3] }),
        layer('Dense', { name: 'd', units: 1, activation: 'hard_sigmoid' }),
      ),
      /^Layer "d": activation is hard_sigmoid, which Keras 3 and TensorFlow\.js define differently/,
    ],
    [
      'half precision is refused',
      sequential(input, layer('Dense', { name: 'd', units: 1, dtype: 'mixed_float16' })),
      /^Layer "d" has the dtype mixed_float16; only float32 is trained/,
    ],
    [
      'a setting that TensorFlow.js does not compute is refused',
      sequential(input, layer('GlobalAveragePooling2D', { name: 'g', keepdims: true })),
      /^Layer "g" \(GlobalAveragePooling2D\) has keepdims: true, .*set it to false\.$/,
    ],
    [
      'two layers of one name are refused',
      sequential(input, layer('Flatten', { name: 'a' }), layer('Dense', { name: 'a', units: 1 })),
      /^Two layers are named "a"; give each its own name\.$/,
    ],
    [
      'layers whose shapes do not fit are refused in one sentence',
      sequential(input, layer('Conv2D', { name: 'big', filters: 1, kernel_size: [9, 9] })),
      /^The layers of the topology do not fit together: [^\n]+$/,
    ],
    [
      'an input from nowhere is refused',
      graph([['InputLayer', 'in', { batch_input_shape: [null, 2] }, []], ['Dense', 'd', { units: 1 }, ['inn']]], 'd'),
      /^Layer "d" takes its input from "inn", which is no layer of the model; did you mean "in"\?$/,
    ],
    [
      'a circle is refused instead of searched for ever',
      graph([['InputLayer', 'in', { batch_input_shape: [null, 2] }, []], ['Add', 'a', {}, ['in', 'b']], ['Dense', 'b', { units: 2 }, ['a']]], 'b'),
      /^Layer "a" takes call 0 of the layer "b", which is never computed/,
    ],
    [
      'a frozen graph model is refused',
      { format: 'graph-model', modelTopology: { node: [] } },
      /^The model is a frozen TensorFlow\.js graph-model/,
    ],
    ['anything else is refused', { layers: [] }, /^The topology has no class_name and config/],
  ]; // prettier-ignore

  for (const [name, topology, message] of wrong) {
    test(name, () => {
      assert.throws(() => buildModel(topology as Topology, seeds), {
        reason: 'BadConfig',
        message,
      });
    });
  }
});

describe('shapes against data', () => {
  const model = (units: number): tfl.LayersModel =>
    buildModel(
      sequential(input, layer('Flatten', {}), layer('Dense', { name: 'last', units })),
      seeds,
    );
  const classes = (classCount: number) => ({ classCount, labelWidth: 1 });
  const loss = { name: 'categoricalCrossentropy' };

  test('a model that fits passes', () => {
    checkShapes(model(3), [4, 4, 1], classes(3), loss);
    checkShapes(model(1), [4, 4, 1], classes(2), { name: 'binary_crossentropy' });
    checkShapes(model(2), [4, 4, 1], { classCount: 0, labelWidth: 2 }, { name: 'mse' });
  });

  const wrong: readonly [string, () => void, RegExp][] = [
    ['too few units', () => checkShapes(model(8), [4, 4, 1], classes(10), loss),
      /^The last layer, "last", has 8 units but the data has 10 classes; set its units to 10\.$/],
    ['other pictures', () => checkShapes(model(3), [5, 4, 1], classes(3), loss),
      /^The model's input, layer "image", takes samples of shape \[4, 4, 1\], but the data has \[5, 4, 1\]/],
    ['one unit for many classes', () => checkShapes(model(1), [4, 4, 1], classes(3), { name: 'bce' }),
      /^The last layer, "last", has 1 unit, which tells 2 classes apart, but the data has 3/],
    ['numbers with a class loss', () => checkShapes(model(1), [4, 4, 1], { classCount: 0, labelWidth: 1 }, { name: 'sparseCategoricalCrossentropy' }),
      /compares class indices, but dataset\.labels\.type is number/],
    ['too many numbers', () => checkShapes(model(3), [4, 4, 1], { classCount: 0, labelWidth: 2 }, { name: 'mse' }),
      /gives \[3\] per sample but the data has 2 label values; set its units to 2\.$/],
  ]; // prettier-ignore
  for (const [name, check, message] of wrong) {
    test(`${name} end in one sentence`, () => {
      assert.throws(check, { reason: 'BadConfig', message });
    });
  }
});

describe('dialects', () => {
  test('what TensorFlow.js writes is built with the same layers', () => {
    const theirs = tfl.sequential({
      layers: [
        tfl.layers.conv2d({ name: 'c', filters: 2, kernelSize: 3, inputShape: [4, 4, 1] }),
        tfl.layers.flatten({ name: 'f' }),
        tfl.layers.dense({ name: 'd', units: 3, activation: 'softmax', kernelInitializer: 'heNormal' }),
      ],
    });
    const model = buildModel(theirs.toJSON(null, false) as unknown as Topology, seeds);
    const x = tf.randomUniform([2, 4, 4, 1], 0, 1, 'float32', 3);
    model.setWeights(theirs.getWeights());
    assert.deepEqual(
      (model.predict(x) as tf.Tensor).dataSync(),
      (theirs.predict(x) as tf.Tensor).dataSync(),
    );
  });

  test('a normalised topology is normal already', () => {
    const once = normalizeTopology(
      sequential(input, layer('LSTM', { units: 2 }), layer('Dense', { units: 1, kernel_regularizer: 'l1' })),
    );
    assert.deepEqual(normalizeTopology(once), once);
  });

  test('a Sequential inside a Sequential is opened', () => {
    const inner = sequential(layer('Dense', { name: 'inside', units: 2, input_shape: [4, 4, 1] }));
    const model = buildModel(sequential(inner, layer('Flatten', { name: 'flat' })), seeds);
    assert.deepEqual(model.layers.map(({ name }) => name), ['inside_input', 'inside', 'flat']);
  });

  test('layers without names get names that do not depend on earlier models', () => {
    const topology = sequential(input, layer('Flatten', {}), layer('Dense', { units: 2 }), layer('Dense', { units: 1 }));
    const names = (): string[] => buildModel(topology, seeds).weights.map((weight) => weight.originalName);
    assert.deepEqual(names(), ['dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias']);
    assert.deepEqual(names(), names());
  });
}); // prettier-ignore

describe('initial weights', () => {
  const topology = sequential(
    layer('InputLayer', { name: 'x', batch_input_shape: [null, 5, 40] }),
    layer('LSTM', { name: 'lstm', units: 30, return_sequences: true }),
    layer('BatchNormalization', { name: 'norm' }),
    layer('GRU', { name: 'gru', units: 8 }),
    layer('Dense', { name: 'dense', units: 50, kernel_initializer: 'he_normal' }),
  );

  test('are equal on wasm and cpu for the same seed, and others for another seed', async () => {
    const onCpu = await readWeights(buildModel(topology, seeds));
    await tf.setBackend('wasm');
    const onWasm = await readWeights(buildModel(topology, { seed: 1 }));
    const others = await readWeights(buildModel(topology, { seed: 2 }));
    assert.deepEqual(onWasm, onCpu);
    assert.notDeepEqual(others[0], onCpu[0]);
  });

  test('follow the distributions of Keras', async () => {
    const weights = await readWeights(buildModel(topology, seeds));
    const data = (name: string): Float32Array =>
      weights.find((weight) => weight.name === name)!.data;
    const kernel = data('lstm/kernel');
    const limit = Math.sqrt(6 / (40 + 120));
    assert.ok(kernel.every((value) => Math.abs(value) <= limit));
    assert.ok(Math.abs(deviation(kernel) - limit / Math.sqrt(3)) < 0.03 * limit);
    assert.ok(Math.abs(deviation(data('dense/kernel')) - Math.sqrt(2 / 8)) < 0.05);
    const forget = data('lstm/bias');
    assert.deepEqual(
      [...forget],
      Array.from({ length: 120 }, (_, i) => (i >= 30 && i < 60 ? 1 : 0)),
    );
    assert.ok(data('norm/moving_variance').every((value) => value === 1));
  });

  test('of recurrent kernels have orthonormal rows', async () => {
    const weights = await readWeights(buildModel(topology, seeds));
    const { data } = weights.find((weight) => weight.name === 'lstm/recurrent_kernel')!;
    const rows = tf.tensor2d(data, [30, 120]);
    const product = tf.matMul(rows, rows, false, true);
    const difference = tf.max(tf.abs(tf.sub(product, tf.eye(30)))).dataSync()[0]!;
    assert.ok(difference < 1e-5, `rows are off by ${difference}`);
  });

  function deviation(values: Float32Array): number {
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  }
});

describe('weights of a file', () => {
  const topology = sequential(input, layer('Flatten', {}), layer('Dense', { name: 'd', units: 2 }));

  test('that lack one, hold another or have another shape are refused and change nothing', async () => {
    const model = buildModel(topology, seeds);
    const before = await readWeights(model);
    const [kernel, bias] = before;
    const refuse = (weights: Parameters<typeof assignWeights>[1], message: RegExp): void => {
      assert.throws(() => assignWeights(model, weights, 'w.npz'), { reason: 'BadConfig', message });
    };
    refuse([kernel!], /^The weights in w\.npz lack "d\/bias" \(that layer has d\/kernel\)/);
    refuse([kernel!, bias!, { ...bias!, name: 'e/bias' }], /hold "e\/bias", for which the model has no layer/);
    refuse([{ ...kernel!, shape: [2, 16] }, bias!], /"d\/kernel" in w\.npz has the shape \[2, 16\], but the model needs \[16, 2\]/);
    assert.deepEqual(await readWeights(model), before);
  });
}); // prettier-ignore

/** Kernels and gradients of this folder against tfjs's own decomposition, as its cpu backend has it. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { softmaxCrossEntropy } from '../../model/softmax-cross-entropy.ts';
import { relativeDifference } from '../../step/simulated-ranks.ts';
import { cpuBackend } from '../cpu-backend.ts';
import { randomFloats } from '../layer-cases.testing.ts';
import { countOperations } from './operation-counts.testing.ts';
import { registerKernels } from './register-kernels.ts';
import { tensorflowBackend } from './tensorflow-backend.ts';

/** Of the greatest value. Both round to single precision, and TensorFlow approximates exp and tanh. */
const tolerance = 1e-6;

interface KernelCase {
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Operations that value and gradient together must execute at least once. */
  readonly uses: readonly string[];
  /** Operations that would be a decomposition. */
  readonly avoids?: readonly string[];
  readonly values?: (value: number) => number;
}

const positive = (value: number): number => Math.abs(value) + 0.1;
const tanh: KernelCase['run'] = (x) => tf.tanh(x!);
const row = [2, 3, 5];

const activation = (
  name: string,
  run: KernelCase['run'],
  gradient: string,
  values: (value: number) => number = (value) => 4 * value,
): KernelCase => ({
  name,
  inputs: [[6, 7]],
  run,
  uses: [gradient],
  avoids: ['Select', 'Greater', 'Exp', 'Pow', 'Square'],
  values,
});

const cases: readonly KernelCase[] = [
  activation('relu', (x) => tf.relu(x!), 'ReluGrad'),
  activation(
    'relu6',
    (x) => tf.relu6(x!),
    'Relu6Grad',
    (value) => 8 * value,
  ),
  activation('elu', (x) => tf.elu(x!), 'EluGrad'),
  activation('selu', (x) => tf.selu(x!), 'SeluGrad'),
  activation('leakyRelu', (x) => tf.leakyRelu(x!, 0.3), 'LeakyReluGrad'),
  activation('softplus', (x) => tf.softplus(x!), 'SoftplusGrad'),
  activation('sigmoid', (x) => tf.sigmoid(x!), 'SigmoidGrad'),
  activation('tanh', tanh, 'TanhGrad'),
  activation('sqrt', (x) => tf.sqrt(x!), 'SqrtGrad', positive),
  activation('rsqrt', (x) => tf.rsqrt(x!), 'RsqrtGrad', positive),
  activation('softmax', (x) => tf.softmax(x!), 'Softmax'),
  {
    name: 'a bias on rows of rank 4',
    inputs: [[2, 3, 4, 5], [5]],
    run: (x, bias) => tf.tanh(tf.add(x!, bias!)),
    uses: ['BiasAdd', 'BiasAddGrad'],
    avoids: ['Add', 'Sum'],
  },
  {
    name: 'a bias with leading axes',
    inputs: [
      [2, 3, 4, 5],
      [1, 1, 1, 5],
    ],
    run: (x, bias) => tf.tanh(tf.add(x!, bias!)),
    uses: ['BiasAdd', 'BiasAddGrad'],
    avoids: ['Add', 'Sum'],
  },
  {
    name: 'clipping',
    inputs: [[6, 7]],
    run: (x) => tf.clipByValue(x!, -0.25, 0.5),
    uses: ['ClipByValue', 'SelectV2'],
    avoids: ['Minimum', 'Maximum', 'LogicalAnd', 'ZerosLike'],
  },
  {
    name: 'an addition that broadcasts in the middle',
    inputs: [
      [2, 1, 5],
      [1, 3, 5],
    ],
    run: (a, b) => tf.tanh(tf.add(a!, b!)),
    uses: ['Add', 'Sum'],
  },
  {
    name: 'an addition of a row to itself',
    inputs: [row],
    run: (x) => tf.add(tf.mul(x!, x!), tf.add(x!, x!)),
    uses: ['Add'],
    avoids: ['Sum', 'Reshape'],
  },
  {
    name: 'a sum of rows',
    inputs: [row],
    run: (x) => tf.square(tf.sum(x!, [0, 1])),
    uses: ['BiasAddGrad', 'BroadcastTo'],
    avoids: ['Sum'],
  },
  {
    name: 'a sum of rows that keeps its axes',
    inputs: [row],
    run: (x) => tf.mul(x!, tf.sum(x!, [0, 1], true)),
    uses: ['BiasAddGrad', 'BroadcastTo'],
  },
  {
    name: 'a sum within rows',
    inputs: [row],
    run: (x) => tf.square(tf.sum(x!, -1)),
    uses: ['Sum', 'BroadcastTo'],
  },
  {
    name: 'a sum of everything',
    inputs: [row],
    run: (x) => tf.square(tf.sum(tf.exp(x!))),
    uses: ['Sum', 'BroadcastTo'],
  },
  {
    name: 'a mean over images',
    inputs: [[2, 3, 4, 5]],
    run: (x) => tf.square(tf.mean(x!, [1, 2])),
    uses: ['Mean', 'BroadcastTo'],
    avoids: ['Cast', 'RealDiv'],
  },
  {
    name: 'a mean within rows that keeps its axis',
    inputs: [row],
    run: (x) => tf.square(tf.mean(x!, -1, true)),
    uses: ['Mean', 'BroadcastTo'],
  },
  ...([false, true] as const).flatMap((transposeA) =>
    ([false, true] as const).map((transposeB): KernelCase => ({
      name: `a product with transposes ${transposeA}, ${transposeB}`,
      inputs: [transposeA ? [3, 4] : [4, 3], transposeB ? [5, 3] : [3, 5]],
      run: (a, b) => tf.matMul(a!, b!, transposeA, transposeB),
      uses: ['MatMul'],
      avoids: ['BatchMatMulV2', 'Reshape'],
    })),
  ),
  {
    name: 'a product of batches',
    inputs: [
      [2, 4, 3],
      [2, 3, 5],
    ],
    run: (a, b) => tf.matMul(a!, b!),
    uses: ['BatchMatMulV2'],
    avoids: ['MatMul'],
  },
  ...(['linear', 'relu', 'sigmoid', 'elu'] as const).map((name): KernelCase => ({
    name: `a fused product with ${name}`,
    inputs: [[4, 3], [3, 5], [5]],
    run: (a, b, bias) =>
      tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias: bias!, activation: name }),
    uses: ['MatMul', 'BiasAdd', 'BiasAddGrad'],
    avoids: ['BatchMatMulV2', 'Add', 'Sum', 'Select'],
  })),
  {
    name: 'a convolution with bias and relu',
    inputs: [[2, 5, 5, 3], [3, 3, 3, 4], [4]],
    run: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        bias: bias!,
        activation: 'relu',
      }),
    uses: ['Conv2D', 'BiasAdd', 'ReluGrad', 'BiasAddGrad'],
    avoids: ['Add', 'Sum', 'Select'],
  },
  ...[0, 1, 2, -1, -2].map((axis): KernelCase => ({
    name: `a new axis at ${axis}`,
    inputs: [[2, 3]],
    run: (x) => tf.square(tf.expandDims(x!, axis)),
    uses: ['Reshape'],
  })),
  {
    name: 'a cast and a reshape that change nothing',
    inputs: [row],
    run: (x) => tf.square(tf.reshape(tf.cast(x!, 'float32'), row)),
    uses: ['Square'],
    avoids: ['Cast', 'Reshape'],
  },
];

interface Computed {
  readonly value: Float32Array;
  readonly gradients: readonly Float32Array[];
}

/** With another incoming gradient for each number of the output. */
function compute({ inputs, run, values = (value) => value }: KernelCase): Computed {
  return tf.tidy(() => {
    const tensors = inputs.map((shape, index) =>
      tf.tensor(randomFloats(tf.util.sizeFromShape([...shape]), index + 3).map(values), [...shape]),
    );
    const value = run(...tensors);
    const weights = tf.tensor(randomFloats(value.size, 99), value.shape);
    const gradients = tf.grads((...xs) => run(...xs))(tensors, weights);
    return { value: data(value), gradients: gradients.map(data) };
  });
}

const data = (tensor: tf.Tensor): Float32Array => tensor.dataSync<'float32'>();

function assertClose(actual: Computed, expected: Computed): void {
  const pairs = [[actual.value, expected.value] as const].concat(
    actual.gradients.map((gradient, index) => [gradient, expected.gradients[index]!]),
  );
  pairs.forEach(([one, other], index) => {
    assert.equal(one.length, other.length);
    const error = relativeDifference(one, other);
    assert.ok(error <= tolerance, `${index === 0 ? 'value' : `gradient ${index}`}: ${error}`);
  });
}

describe('kernels of tensorflow', needsTensorflowAddon(), () => {
  before(async () => {
    await cpuBackend.open();
    await tensorflowBackend({ home: await tensorflowAddon() }).open();
  });

  async function on<T>(backend: 'cpu' | 'tensorflow', work: () => T): Promise<T> {
    assert.ok(await tf.setBackend(backend));
    return work();
  }

  for (const kernelCase of cases) {
    test(`value and gradient are tfjs's, by operations of TensorFlow (${kernelCase.name})`, async () => {
      const expected = await on('cpu', () => compute(kernelCase));
      await on('tensorflow', () => {
        let actual: Computed | undefined;
        const counts = countOperations(() => (actual = compute(kernelCase)));
        assertClose(actual!, expected);
        const { uses, avoids = [] } = kernelCase;
        assert.deepEqual(
          uses.filter((name) => !counts.has(name)),
          [],
        );
        assert.deepEqual(
          avoids.filter((name) => counts.has(name)),
          [],
        );
      });
    });
  }

  test('a relu has no gradient at zero', async () => {
    const gradient = await on('tensorflow', () =>
      tf.tidy(() => data(tf.grad((x) => tf.relu(x))(tf.tensor1d([-1, -0, 0, 1])))),
    );
    assert.deepEqual([...gradient], [0, 0, 0, 1]);
  });

  test('the bounds of clipping have a gradient, as in tfjs', async () => {
    const gradient = await on('tensorflow', () =>
      tf.tidy(() => data(tf.grad((x) => tf.clipByValue(x, -1, 2))(tf.tensor1d([-3, -1, 0, 2, 4])))),
    );
    assert.deepEqual([...gradient], [0, 1, 1, 1, 0]);
  });

  test('a gradient is a tensor of its own, which may be disposed before the other', async () => {
    // tfjs disposes the first part of a sum of gradients; with one tensor for both, b has lost its.
    const expected = [3, 3, 3];
    const sums = await on('tensorflow', () =>
      tf.tidy(() => {
        const inputs = [tf.ones([3]), tf.ones([3])];
        const loss = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
          tf.sum(tf.add(tf.add(tf.add(a, b), a), tf.add(a, tf.add(b, b))));
        return tf
          .grads(loss)(inputs)
          .map((gradient) => [...data(gradient)]);
      }),
    );
    assert.deepEqual(sums, [expected, expected]);
  });

  test('cross-entropy of logits is exact for any score, in one operation', async () => {
    const logits = [
      [3, -2, 0.5],
      [2e4, -2e4, 0],
      [-90, 0, 90],
      [0, 0, 0],
    ].flat();
    const targets = [
      [0, 1, 0],
      [0, 1, 0],
      [0.2, 0.3, 0.5],
      [1, 0, 0],
    ].flat();
    const run = (): number[][] =>
      tf.tidy(() => {
        const truth = tf.tensor(targets, [2, 2, 3]);
        const loss = (scores: tf.Tensor): tf.Tensor =>
          tf.sum(tf.mul(softmaxCrossEntropy(truth, scores), tf.tensor2d([1, 2, 3, 4], [2, 2])));
        const scores = tf.tensor(logits, [2, 2, 3]);
        const losses = softmaxCrossEntropy(truth, scores);
        assert.deepEqual(losses.shape, [2, 2]);
        return [[...data(losses)], [...data(tf.grad(loss)(scores))]];
      });
    const expected = await on('cpu', run);
    let actual: number[][] = [];
    const counts = await on('tensorflow', () => countOperations(() => (actual = run())));
    assert.equal(counts.get('SoftmaxCrossEntropyWithLogits'), 2);
    assert.ok(!counts.has('Exp'));
    actual.forEach((values, index) =>
      assert.ok(relativeDifference(values, expected[index]!) <= tolerance),
    );
    assert.ok(actual[0]!.every((loss) => Number.isFinite(loss)));
  });

  test('registering again changes nothing', async () => {
    const [first] = cases;
    const expected = await on('tensorflow', () => compute(first!));
    registerKernels();
    registerKernels();
    assert.deepEqual(await on('tensorflow', () => compute(first!)), expected);
  });

  test('the gradients of other backends stay those of tfjs', async () => {
    // tfjs keeps one gradient per name for all backends; TensorFlow's have no kernel on cpu.
    await on('cpu', () => {
      for (const kernelCase of cases) compute(kernelCase);
    });
  });

  test('kernels and gradients leave no tensor behind', async () => {
    await on('tensorflow', () => {
      const { numTensors, numBytes } = tf.memory();
      for (const kernelCase of cases) compute(kernelCase);
      const after = tf.memory();
      assert.deepEqual([after.numTensors, after.numBytes], [numTensors, numBytes]);
    });
  });

  test('inference normalises a batch in one operation', async () => {
    await on('tensorflow', () => {
      const layer = tfl.layers.batchNormalization();
      layer.apply(tfl.input({ shape: [4, 4, 3] }));
      const counts = countOperations(() =>
        tf.tidy(() => layer.apply(tf.ones([2, 4, 4, 3]), { training: false }) as tf.Tensor),
      );
      assert.deepEqual([...counts], [['FusedBatchNorm', 1]]);
    });
  });
});

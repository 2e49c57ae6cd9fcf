import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { cpuBackend } from '../cpu-backend.ts';
import { wasmBackend } from '../wasm-backend.ts';

type Pad = number | 'same' | 'valid' | [[0, 0], [number, number], [number, number], [0, 0]];

const explicit: Pad = [
  [0, 0],
  [2, 1],
  [0, 3],
  [0, 0],
];
const pads: readonly Pad[] = ['valid', 'same', 1, explicit];

/** Mulberry32: the same numbers in every run. */
function randomFloats(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

function product<A, B>(one: readonly A[], two: readonly B[]): [A, B][] {
  return one.flatMap((a) => two.map((b): [A, B] => [a, b]));
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

async function valuesOn(
  backend: 'cpu' | 'wasm',
  run: () => tf.Tensor,
): Promise<{ shape: number[]; values: number[] }> {
  assert.ok(await tf.setBackend(backend));
  const result = tf.tidy(run);
  const values = Array.from(result.dataSync());
  const { shape } = result;
  result.dispose();
  return { shape, values };
}

/** Largest difference relative to the largest magnitude of the reference. */
function relativeError(actual: readonly number[], expected: readonly number[]): number {
  assert.equal(actual.length, expected.length);
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6);
  return actual.reduce((largest, value, index) => {
    const error = Math.abs(value - expected[index]!) / scale;
    return Number.isNaN(error) ? Infinity : Math.max(largest, error);
  }, 0);
}

async function assertSameOnBoth(name: string, run: () => tf.Tensor): Promise<void> {
  const expected = await valuesOn('cpu', run);
  const actual = await valuesOn('wasm', run);
  assert.deepEqual(actual.shape, expected.shape, name);
  const error = relativeError(actual.values, expected.values);
  assert.ok(error <= 1e-5, `${name}: differs from cpu by ${error}`);
}

before(async () => {
  await cpuBackend.open();
  await wasmBackend.open();
});

interface Geometry {
  readonly name: string;
  readonly input: [number, number, number, number];
  readonly filter: [number, number, number, number];
  readonly strides: [number, number];
  readonly pad: Pad;
}

const strides = [
  [1, 1],
  [2, 2],
  [1, 2],
  [3, 1],
] as const;

/**
 * A number as padding only with squares: otherwise tfjs takes the height's output size for the
 * width too, and its own forward kernel then writes beyond its output.
 */
const convolutions: readonly Geometry[] = [
  { input: [2, 7, 6, 3], filter: [3, 3, 3, 5] },
  { input: [1, 8, 8, 1], filter: [5, 5, 1, 8] },
  { input: [3, 5, 9, 4], filter: [1, 1, 4, 13] },
  { input: [2, 9, 6, 2], filter: [2, 4, 2, 1] },
  { input: [2, 6, 6, 9], filter: [3, 2, 9, 16] },
].flatMap((shapes) => {
  const { input, filter } = shapes as Pick<Geometry, 'input' | 'filter'>;
  return strides.flatMap(([high, wide]) =>
    pads
      .filter((pad) => typeof pad !== 'number' || (high === wide && filter[0] === filter[1]))
      .map((pad): Geometry => {
        const name = `[${input}] * [${filter}], strides ${high}x${wide}, pad ${JSON.stringify(pad)}`;
        return { name, input, filter, strides: [high, wide], pad };
      }),
  );
});

function convolutionGradients({
  input,
  filter,
  strides,
  pad,
}: Geometry): (which: 'input' | 'filter') => tf.Tensor {
  return (which) => {
    const x = tf.tensor4d(randomFloats(size(input), 1), input);
    const w = tf.tensor4d(randomFloats(size(filter), 2), filter);
    const convolve = (a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D =>
      tf.conv2d(a, b, strides, pad as 'same');
    const y = convolve(x, w);
    const dy = tf.tensor4d(randomFloats(y.size, 3), y.shape);
    const [dx, dw] = tf.grads((a, b) => convolve(a as tf.Tensor4D, b as tf.Tensor4D))([x, w], dy);
    return which === 'input' ? dx! : dw!;
  };
}

test('a convolution equals that of the cpu backend, with bias and relu as well', async () => {
  for (const { name, input, filter, strides, pad } of convolutions) {
    for (const activation of ['linear', 'relu'] as const) {
      await assertSameOnBoth(`${name}, ${activation}`, () =>
        tf.fused.conv2d({
          x: tf.tensor4d(randomFloats(size(input), 1), input),
          filter: tf.tensor4d(randomFloats(size(filter), 2), filter),
          ...{ strides, pad: pad as 'same', activation },
          bias: tf.tensor1d(randomFloats(filter[3], 3)),
        }),
      );
    }
    await assertSameOnBoth(name, () =>
      tf.conv2d(
        tf.tensor4d(randomFloats(size(input), 1), input),
        tf.tensor4d(randomFloats(size(filter), 2), filter),
        strides,
        pad as 'same',
      ),
    );
  }
});

test('both gradients of a convolution equal those of the cpu backend', async () => {
  for (const geometry of convolutions) {
    const gradient = convolutionGradients(geometry);
    await assertSameOnBoth(`filter, ${geometry.name}`, () => gradient('filter'));
    await assertSameOnBoth(`input, ${geometry.name}`, () => gradient('input'));
  }
});

test('both gradients of a depthwise convolution equal those of the cpu backend', async () => {
  const shapes = [
    { input: [2, 7, 6, 3], filter: [3, 3, 3, 1] },
    { input: [1, 8, 8, 4], filter: [2, 3, 4, 2] },
    { input: [2, 6, 5, 9], filter: [3, 3, 9, 1] },
    { input: [1, 5, 5, 1], filter: [1, 1, 1, 3] },
  ] as const;
  for (const { input, filter } of shapes) {
    for (const stride of [1, 2] as const) {
      for (const [pad, which] of product(
        ['valid', 'same', ...(filter[0] === filter[1] ? ([1] as const) : [])] as const,
        [0, 1] as const,
      )) {
        const name = `[${input}] * [${filter}], stride ${stride}, pad ${pad}, input ${which}`;
        await assertSameOnBoth(name, () => {
          const x = tf.tensor4d(randomFloats(size(input), 1), [...input]);
          const w = tf.tensor4d(randomFloats(size(filter), 2), [...filter]);
          const convolve = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
            tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad);
          const dy = randomFloats(convolve(x, w).size, 3);
          const grads = tf.grads(convolve)([x, w], tf.tensor(dy, convolve(x, w).shape));
          return grads[which]!;
        });
      }
    }
  }
});

/** A filter with zeros between its taps: dilation without any support for it. */
function spread(filter: tf.Tensor4D, dilation: number): tf.Tensor4D {
  const [height, width, channels, multiplier] = filter.shape;
  const rows = tf.concat(
    Array.from({ length: height * dilation - dilation + 1 }, (_, row) =>
      row % dilation === 0
        ? tf.slice(filter, [row / dilation, 0, 0, 0], [1, width, channels, multiplier])
        : tf.zeros([1, width, channels, multiplier]),
    ),
    0,
  );
  return tf.concat(
    Array.from({ length: width * dilation - dilation + 1 }, (_, column) =>
      column % dilation === 0
        ? tf.slice(rows, [0, column / dilation, 0, 0], [rows.shape[0]!, 1, channels, multiplier])
        : tf.zeros([rows.shape[0]!, 1, channels, multiplier]),
    ),
    1,
  ) as tf.Tensor4D;
}

test('the depthwise kernels honour dilations, which the cpu backend ignores', async () => {
  const [inputShape, filterShape] = [
    [2, 9, 8, 3],
    [3, 2, 3, 2],
  ];
  const x = (): tf.Tensor => tf.tensor(randomFloats(size(inputShape), 1), inputShape);
  const w = (): tf.Tensor => tf.tensor(randomFloats(size(filterShape), 2), filterShape);
  for (const [dilations, pad] of product([2, 3], ['valid', 'same'] as const)) {
    const convolve = (a: tf.Tensor, b: tf.Tensor): tf.Tensor4D =>
      tf.depthwiseConv2d(a as tf.Tensor4D, spread(b as tf.Tensor4D, dilations), 1, pad);
    const dy = (): tf.Tensor => {
      const { shape } = convolve(x(), w());
      return tf.tensor(randomFloats(size(shape), 3), shape);
    };
    const reference = (which: 0 | 1): tf.Tensor => tf.grads(convolve)([x(), w()], dy())[which]!;
    const attributes = { strides: 1, pad, dilations, inputShape, filterShape };
    const kernel = (name: string, inputs: tf.NamedTensorMap): tf.Tensor =>
      tf.engine().runKernel(name, inputs, attributes) as tf.Tensor;
    const actual = [
      () => kernel('DepthwiseConv2dNativeBackpropInput', { dy: dy(), filter: w() }),
      () => kernel('DepthwiseConv2dNativeBackpropFilter', { x: x(), dy: dy() }),
    ] as const;
    for (const which of [0, 1] as const) {
      const expected = await valuesOn('cpu', () => reference(which));
      const { values } = await valuesOn('wasm', actual[which]);
      const error = relativeError(values, expected.values);
      assert.ok(error <= 1e-5, `input ${which}, dilation ${dilations}, ${pad}: ${error}`);
    }
  }
});

test('max pooling and its gradient equal those of the cpu backend, ties included', async () => {
  for (const [channels, height] of product([1, 3, 4, 9], [7, 6])) {
    for (const [window, stride] of [
      [2, 2],
      [3, 2],
      [3, 1],
      [2, 3],
    ] as const) {
      for (const pad of ['valid', 'same'] as const) {
        const shape: [number, number, number, number] = [2, height, 8, channels];
        const name = `[${shape}], window ${window}, stride ${stride}, ${pad}`;
        // Few distinct values: many windows hold their maximum more than once.
        const input = (): tf.Tensor4D =>
          tf.tensor4d(
            randomFloats(size(shape), 4).map((value) => Math.round(value * 2)),
            shape,
          );
        const pool = (a: tf.Tensor): tf.Tensor => tf.maxPool(a as tf.Tensor4D, window, stride, pad);
        await assertSameOnBoth(name, () => pool(input()));
        await assertSameOnBoth(`gradient, ${name}`, () => {
          const x = input();
          const y = pool(x);
          return tf.grad(pool)(x, tf.tensor(randomFloats(y.size, 5), y.shape));
        });
      }
    }
  }
});

test('the gradient of relu equals that of the cpu backend, at zero as well', async () => {
  for (const length of [1, 4, 7, 130]) {
    await assertSameOnBoth(`${length} numbers`, () => {
      const x = randomFloats(length, 4).map((value, index) => (index % 5 === 0 ? 0 : value));
      const dy = tf.tensor1d(randomFloats(length, 5));
      return tf.grad((a) => tf.relu(a))(tf.tensor1d(x), dy);
    });
  }
});

test('matrix products equal those of the cpu backend for every transposition', async () => {
  const sizes = [
    [1, 1, 1],
    [4, 8, 16],
    [5, 13, 7],
    [64, 10, 33],
    [3, 128, 2],
    [300, 11, 600],
  ] as const;
  for (const [rows, columns, inner] of sizes) {
    for (const [transposeA, transposeB] of product([false, true], [false, true])) {
      for (const [aBatch, bBatch] of [
        [[], []],
        [[3], [3]],
        [[1], [3]],
        [
          [2, 2],
          [2, 2],
        ],
      ] as const) {
        const aShape = [...aBatch, ...(transposeA ? [inner, rows] : [rows, inner])];
        const bShape = [...bBatch, ...(transposeB ? [columns, inner] : [inner, columns])];
        const name = `[${aShape}]${transposeA ? 'ᵀ' : ''} · [${bShape}]${transposeB ? 'ᵀ' : ''}`;
        await assertSameOnBoth(name, () =>
          tf.matMul(
            tf.tensor(randomFloats(size(aShape), 6), aShape),
            tf.tensor(randomFloats(size(bShape), 7), bShape),
            transposeA,
            transposeB,
          ),
        );
      }
    }
  }
});

test('a matrix product with bias and relu equals that of the cpu backend', async () => {
  for (const [rows, inner, columns] of [
    [1, 3, 2],
    [5, 7, 9],
    [130, 600, 16],
  ] as const) {
    for (const activation of ['linear', 'relu', 'sigmoid'] as const) {
      await assertSameOnBoth(`${rows} x ${inner} x ${columns}, ${activation}`, () =>
        tf.fused.matMul({
          a: tf.tensor(randomFloats(rows * inner, 6), [rows, inner]),
          b: tf.tensor(randomFloats(inner * columns, 7), [inner, columns]),
          bias: tf.tensor1d(randomFloats(columns, 8)),
          activation,
        }),
      );
    }
  }
});

test('sums by segment equal those of the cpu backend', async () => {
  for (const rowShape of [[], [1], [5], [2, 3]]) {
    for (const ids of [
      [0, 2, 2, 1],
      [3, 3, 3, 3],
      [-1, 0, 9, 4],
    ]) {
      await assertSameOnBoth(`rows of [${rowShape}], segments ${ids}`, () => {
        const shape = [ids.length, ...rowShape];
        const x = tf.tensor(randomFloats(size(shape), 8), shape);
        return tf.unsortedSegmentSum(x, tf.tensor1d(ids, 'int32'), 5);
      });
    }
  }
});

test('adding a bias and other sums of two tensors equal those of the cpu backend', async () => {
  const shapes = [
    [[2, 3, 4, 9], [9]],
    [
      [7, 5],
      [1, 5],
    ],
    [
      [3, 4],
      [3, 4],
    ],
    [
      [3, 4],
      [3, 1],
    ],
    [[4], [3, 4]],
    [[2, 3], []],
  ] as const;
  for (const [one, two] of shapes) {
    await assertSameOnBoth(`[${one}] + [${two}]`, () =>
      tf.add(
        tf.tensor(randomFloats(size(one), 9), [...one]),
        tf.tensor(randomFloats(size(two), 10), [...two]),
      ),
    );
  }
  await assertSameOnBoth('int32', () =>
    tf.add(
      tf.tensor(
        [
          [1, 2],
          [3, 4],
        ],
        [2, 2],
        'int32',
      ),
      tf.tensor1d([5, 6], 'int32'),
    ),
  );
});

test('sums over any axes equal those of the cpu backend', async () => {
  const axes = [[0], [0, 1], [1, 0], [0, 1, 2], [2], [1], [0, 2], [-3], undefined];
  for (const [axis, keepDims] of product(axes, [false, true])) {
    await assertSameOnBoth(`sum over ${axis}, keepDims ${keepDims}`, () =>
      tf.sum(tf.tensor(randomFloats(6 * 5 * 9, 11), [6, 5, 9]), axis, keepDims),
    );
  }
  await assertSameOnBoth('int32', () =>
    tf.sum(
      tf.tensor(
        [
          [1, 2],
          [3, 4],
        ],
        [2, 2],
        'int32',
      ),
      0,
    ),
  );
});

test('a sum of very many rows keeps its precision', async () => {
  assert.ok(await tf.setBackend('wasm'));
  const [rows, columns] = [200_000, 3];
  const values = randomFloats(rows * columns, 13).map((value) => value + 0.5);
  const exact = new Array<number>(columns).fill(0);
  values.forEach((value, index) => (exact[index % columns]! += value));
  const sums = tf.tidy(() =>
    Array.from(tf.sum(tf.tensor2d(values, [rows, columns]), 0).dataSync()),
  );
  assert.ok(relativeError(sums, exact) <= 2e-6);
});

test('a clone shares its numbers and outlives the original', async () => {
  assert.ok(await tf.setBackend('wasm'));
  const { numDataBuffers } = tf.memory();
  const original = tf.tensor1d([1, 2, 3]);
  const copy = tf.clone(original);
  original.dispose();
  const variable = tf.variable(copy);
  copy.dispose();
  const sum = tf.tidy(() => tf.add(variable, tf.cast(tf.scalar(1), 'float32')) as tf.Tensor1D);
  variable.assign(sum);
  sum.dispose();
  assert.deepEqual(Array.from(variable.dataSync()), [2, 3, 4]);
  variable.dispose();
  assert.equal(tf.memory().numDataBuffers, numDataBuffers);
});

test('registering the kernels twice changes nothing', async () => {
  await wasmBackend.open();
  await wasmBackend.open();
  const broadcast = tf.add(tf.tensor2d([[1], [2]]), tf.tensor1d([10, 20]));
  assert.deepEqual(broadcast.arraySync(), [
    [11, 21],
    [12, 22],
  ]);
  broadcast.dispose();
});

test('a wrong index shape, type or layout is refused by name', async () => {
  assert.ok(await tf.setBackend('wasm'));
  const x = tf.zeros([4, 2]);
  assert.throws(
    () => tf.unsortedSegmentSum(x, tf.zeros([3], 'int32') as tf.Tensor1D, 2),
    /one index per row of x/,
  );
  const image = tf.zeros([1, 2, 4, 4]) as tf.Tensor4D;
  const dy = tf.zeros([1, 1, 4, 4]) as tf.Tensor4D;
  const refused = tf.engine();
  assert.throws(
    () =>
      refused.runKernel(
        'Conv2DBackpropFilter',
        { x: image, dy },
        {
          strides: 1,
          pad: 'same',
          dataFormat: 'NCHW',
          dimRoundingMode: 'floor',
          filterShape: [1, 1, 2, 1],
        },
      ),
    /layout NCHW is not supported on wasm/,
  );
  tf.dispose([x, image, dy]);
});

test('kernels go on right after the memory has grown under them', async () => {
  assert.ok(await tf.setBackend('wasm'));
  const backend = tf.backend() as BackendWasm;
  const heapBytes = (): number => (backend.wasm as unknown as { HEAPU8: Uint8Array }).HEAPU8.length;
  const before = heapBytes();
  const rows = Math.ceil(before / 32) + 1;
  const sums = tf.tidy(() => tf.sum(tf.add(tf.ones([rows, 8]), tf.ones([8])), 0).arraySync());
  assert.ok(heapBytes() > before);
  assert.deepEqual(sums, new Array(8).fill(2 * rows));
});

test('no kernel leaks a tensor, a handle or bytes of the wasm memory', async () => {
  assert.ok(await tf.setBackend('wasm'));
  const backend = tf.backend() as BackendWasm;
  const { HEAPU8 } = backend.wasm as unknown as { HEAPU8: Uint8Array };
  const round = (): void => {
    for (const geometry of convolutions.slice(0, 24)) {
      tf.dispose(tf.tidy(() => convolutionGradients(geometry)('filter')));
    }
    tf.tidy(() => {
      const x = tf.ones([2, 8, 8, 6]) as tf.Tensor4D;
      const w = tf.ones([3, 3, 6, 2]) as tf.Tensor4D;
      tf.grads((a, b) => tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'))([x, w]);
      tf.grad((a) => tf.maxPool(a as tf.Tensor4D, 2, 2, 'same'))(x);
      tf.grads((a, b) => tf.matMul(a, b))([tf.ones([9, 5]), tf.ones([5, 7])]);
      tf.unsortedSegmentSum(tf.ones([4, 3]), tf.tensor1d([0, 1, 1, 0], 'int32'), 2);
    });
  };
  round();
  const before = { ...tf.memory(), dataIds: backend.numDataIds() };
  const free = addressOfNextBlock(backend);
  for (let repeat = 0; repeat < 5; repeat++) round();
  const after = { ...tf.memory(), dataIds: backend.numDataIds() };
  assert.deepEqual(after, before);
  assert.equal(addressOfNextBlock(backend), free, 'the allocator hands out the same address');
  assert.equal((backend.wasm as unknown as { HEAPU8: Uint8Array }).HEAPU8.length, HEAPU8.length);
});

/** With nothing leaked, an allocation of a given size lands where it landed before. */
function addressOfNextBlock(backend: BackendWasm): number {
  const { _malloc, _free } = backend.wasm as unknown as {
    _malloc: (bytes: number) => number;
    _free: (address: number) => void;
  };
  const address = _malloc(1 << 20);
  _free(address);
  return address;
}

for (const [shape, begin, length] of [
  [[7], [2], [4]],
  [
    [3, 8],
    [1, 2],
    [2, -1],
  ],
  [
    [3, 8],
    [0, 4],
    [3, 4],
  ],
  [
    [2, 3, 5],
    [1, 1, 0],
    [1, 2, 5],
  ],
  [
    [2, 3, 5, 2],
    [0, 1, 2, 1],
    [2, 2, 3, 1],
  ],
  [
    [2, 3, 2, 5, 2],
    [0, 1, 0, 1, 0],
    [2, 2, 2, 3, 2],
  ],
  [
    [4, 3],
    [2, 0],
    [0, 3],
  ],
] as const) {
  test(`a part of [${shape}] from [${begin}] is that of cpu`, async () => {
    await assertSameOnBoth('part', () => {
      const x = tf.tensor(randomFloats(size(shape), 3), [...shape]);
      return tf.slice(x, [...begin], [...length]);
    });
  });
}

for (const [shape, pieces, axis] of [
  [[12], [3, 4, 5], 0],
  [[4, 6], 3, 1],
  [[4, 6], [1, -1], 0],
  [[2, 6, 3], 2, -2],
] as const) {
  test(`pieces of [${shape}] along axis ${axis} are those of cpu`, async () => {
    for (const index of [0, 1]) {
      await assertSameOnBoth('piece', () => {
        const x = tf.tensor(randomFloats(size(shape), 4), [...shape]);
        const sizes = typeof pieces === 'number' ? pieces : [...pieces];
        return tf.split(x, sizes, axis)[index]!;
      });
    }
  });
}

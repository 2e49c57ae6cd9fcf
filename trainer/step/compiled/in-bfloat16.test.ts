/** Mixed precision on nodes: what is cast, what is not, and that nothing is cast twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGraph, DataType, floatType, type, type Graph, type GraphNode } from './graph.ts';
import { copyInBfloat16 } from './in-bfloat16.ts';

const half = type(DataType.bfloat16);
const floats = { T: floatType };

interface Copy {
  /** `OPERATION(INPUTS)`, in float32 where nothing is said. */
  readonly lines: readonly string[];
  readonly outputs: readonly string[];
}

/** Copies what `build` writes; it gives the outputs. Names are those of the copy. */
function copy(build: (graph: Graph) => readonly string[]): Copy {
  const graph = createGraph('a');
  const outputs = build(graph);
  const other = createGraph('b');
  const { outputOf } = copyInBfloat16(graph.nodes, other);
  const found = outputs.map(outputOf);
  return { lines: other.nodes.map(describe), outputs: found };
}

function describe({ op, inputs, attributes }: GraphNode): string {
  const isHalf = [attributes['T'], attributes['DstT']].some(
    (attribute) => attribute?.kind === 'type' && attribute.value === DataType.bfloat16,
  );
  return `${isHalf ? 'half ' : ''}${op}(${inputs.join()})`;
}

const input = (graph: Graph): string => graph.placeholder(DataType.float, [2, 2]);

test('a product takes its inputs and gives its result by casts', () => {
  const { lines, outputs } = copy((graph) => {
    const [x, w] = [input(graph), input(graph)];
    return [graph.add('Softmax', [graph.add('MatMul', [x, w], floats)], floats)];
  });
  assert.deepEqual(lines, [
    'Placeholder()',
    'Placeholder()',
    'half Cast(b0)',
    'half Cast(b1)',
    'half MatMul(b2,b3)',
    'Cast(b4)',
    'Softmax(b5)',
  ]);
  assert.deepEqual(outputs, ['b6']);
});

test('a tensor is cast once, however many products read it', () => {
  const { lines } = copy((graph) => {
    const x = input(graph);
    return [1, 2, 3].map(() => graph.add('MatMul', [x, x], floats));
  });
  assert.equal(lines.filter((line) => line === 'half Cast(b0)').length, 1);
});

test('between two products the values stay as they are, through bias, activation and shape', () => {
  const { lines } = copy((graph) => {
    const [x, w, bias] = [input(graph), input(graph), input(graph)];
    const shape = graph.constant(DataType.int32, [2], new Uint8Array(8));
    const product = graph.add('MatMul', [x, w], floats);
    const sum = graph.add('BiasAdd', [product, bias], floats);
    const relu = graph.add('Relu', [sum], floats);
    const reshaped = graph.add('Reshape', [relu, shape], { ...floats, Tshape: half });
    return [graph.add('MatMul', [reshaped, w], floats)];
  });
  assert.deepEqual(lines.slice(4), [
    'half Cast(b0)',
    'half Cast(b1)',
    'half MatMul(b4,b5)',
    'half Cast(b2)',
    'half BiasAdd(b6,b7)',
    'half Relu(b8)',
    'half Reshape(b9,b3)',
    'half MatMul(b10,b5)',
    'Cast(b11)',
  ]);
});

test('an activation, a shape and a sum of what is not a product stay in float32', () => {
  const { lines } = copy((graph) => {
    const [x, y] = [input(graph), input(graph)];
    return [graph.add('Add', [graph.add('Relu', [x], floats), y], floats)];
  });
  assert.ok(lines.every((line) => !/half|Cast/.test(line)));
});

test('a gradient of relu follows only where both of its inputs were computed in bfloat16', () => {
  const backward = (isForwardHalf: boolean): readonly string[] =>
    copy((graph) => {
      const [x, w] = [input(graph), input(graph)];
      const product = graph.add('MatMul', [x, w], floats);
      const relu = isForwardHalf ? graph.add('Relu', [product], floats) : x;
      return [graph.add('ReluGrad', [product, relu], floats)];
    }).lines;
  assert.equal(backward(true).includes('half ReluGrad(b4,b5)'), true);
  assert.match(backward(false).at(-1)!, /^ReluGrad/);
});

test('the shape that a gradient of a convolution is given is not cast', () => {
  const { lines } = copy((graph) => {
    const shape = graph.constant(DataType.int32, [4], new Uint8Array(16));
    const [x, dy] = [input(graph), input(graph)];
    return [
      graph.add('Conv2DBackpropInput', [shape, x, dy], floats),
      graph.add('Conv2DBackpropFilter', [x, shape, dy], floats),
    ];
  });
  assert.ok(lines.includes('half Conv2DBackpropInput(b0,b3,b4)'));
  assert.ok(lines.includes('half Conv2DBackpropFilter(b3,b0,b4)'));
});

test('batch normalization takes and gives its statistics in float32', () => {
  const { lines, outputs } = copy((graph) => {
    const [x, w, scale] = [input(graph), input(graph), input(graph)];
    const product = graph.add('Conv2D', [x, w], floats);
    const inputs = [product, scale, scale, scale, scale];
    const normal = graph.add('FusedBatchNormV3', inputs, { ...floats, U: floatType });
    return [`${normal}:1`, normal, graph.add('Neg', [`${normal}:2`], floats)];
  });
  assert.ok(lines.includes('half FusedBatchNormV3(b5,b2,b2,b2,b2)'));
  assert.ok(lines.includes('Neg(b6:2)'));
  assert.equal(outputs[0], 'b6:1');
  // The values are a cast, since they are wanted in float32.
  assert.equal(lines[Number(outputs[1]!.slice(1))], 'Cast(b6)');
});

test('products of other types, other attributes and names from elsewhere stay', () => {
  const whole = { T: type(DataType.int32) };
  const { lines } = copy((graph) => {
    const weight = graph.add('ReadVariableOp', ['v3'], { dtype: floatType });
    const product = graph.add('MatMul', [weight, weight], { T: type(DataType.int32) });
    return [graph.add('Identity', [product, `^${weight}`], whole)];
  });
  assert.deepEqual(lines, ['ReadVariableOp(v3)', 'MatMul(b0,b0)', 'Identity(b1,^b0)']);
  const graph = createGraph('b');
  const transposed = { ...floats, transpose_a: { kind: 'bool', value: true } } as const;
  copyInBfloat16([{ name: 'p', op: 'MatMul', inputs: ['x', 'y'], attributes: transposed }], graph);
  assert.deepEqual(graph.nodes.at(-1)!.attributes, { ...transposed, T: half });
});

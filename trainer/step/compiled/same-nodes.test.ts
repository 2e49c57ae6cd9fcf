/** Two recordings of one computation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataType, createGraph, floatType, type Graph } from './graph.ts';
import { NotRecordable } from './recorder.ts';
import { assertSameNodes } from './same-nodes.ts';

function scaled(factor: number, more: (graph: Graph) => void = () => undefined): Graph {
  const graph = createGraph('n');
  const x = graph.placeholder(DataType.float, [2]);
  const bytes = new Uint8Array(Float32Array.of(factor).buffer);
  graph.add('Mul', [x, graph.constant(DataType.float, [], bytes)], { T: floatType });
  more(graph);
  return graph;
}

test('are one graph where they are equal', () => {
  assert.doesNotThrow(() => assertSameNodes(scaled(2).nodes, scaled(2).nodes));
});

test('name the reader of a number that changed', () => {
  assert.throws(
    () => assertSameNodes(scaled(2).nodes, scaled(3).nodes),
    (error) => error instanceof NotRecordable && error.message.endsWith('(input of Mul)'),
  );
});

test('name an operation that changed, is missing or came', () => {
  const negated = (graph: Graph): void => void graph.add('Neg', ['n2'], { T: floatType });
  const rooted = (graph: Graph): void => void graph.add('Sqrt', ['n2'], { T: floatType });
  const pairs: [Graph, Graph, RegExp][] = [
    [scaled(2, negated), scaled(2, rooted), /Neg became Sqrt/],
    [scaled(2, negated), scaled(2), /Neg became nothing/],
    [scaled(2), scaled(2, negated), /operations change from step to step/],
  ];
  for (const [first, second, message] of pairs) {
    assert.throws(() => assertSameNodes(first.nodes, second.nodes), message);
  }
});

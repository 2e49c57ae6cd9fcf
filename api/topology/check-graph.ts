/**
 * Refuses graphs that cannot be computed: a reference to a call that a layer does not have, or a
 * circle. TensorFlow.js would search for such an input for ever.
 */
import { Failure } from '../failure.ts';
import type { GraphNode } from './flatten-nested.ts';

/** @throws Failure('BadConfig') that names a layer without a computable input. */
export function checkGraph(nodes: readonly GraphNode[]): void {
  const calls = new Map(nodes.map((node) => [node.name, callsOf(node)]));
  /** Calls whose inputs are all there, by layer; an input layer counts as called. */
  const done = new Map<string, number>();
  for (let progress = true; progress;) {
    progress = false;
    for (const node of nodes) {
      const next = done.get(node.name) ?? 0;
      if (next >= (calls.get(node.name) ?? 0)) continue;
      const inputs = node.inbound_nodes[next] ?? [];
      if (!inputs.every(([name, call]) => (done.get(name) ?? 0) > call)) continue;
      done.set(node.name, next + 1);
      progress = true;
    }
  }
  const stuck = nodes.find((node) => (done.get(node.name) ?? 0) < callsOf(node));
  if (!stuck) return;
  const inputs = stuck.inbound_nodes[done.get(stuck.name) ?? 0] ?? [];
  const [name, call] = inputs.find(([from, index]) => (done.get(from) ?? 0) <= index) ?? [];
  throw new Failure(
    'BadConfig',
    `Layer "${stuck.name}" takes call ${String(call)} of the layer "${String(name)}", which is never computed (a circle, or too high a number in inbound_nodes); correct inbound_nodes.`,
  );
}

function callsOf(node: GraphNode): number {
  return node.class_name === 'InputLayer' ? 1 : node.inbound_nodes.length;
}

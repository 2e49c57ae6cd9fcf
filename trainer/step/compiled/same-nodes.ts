/**
 * Two recordings of one computation with other numbers must give one graph. Where they do not, the
 * computation draws or computes numbers outside of TensorFlow, and a graph would repeat the first.
 */
import { isDeepStrictEqual } from 'node:util';
import type { GraphNode } from './graph.ts';
import { NotRecordable } from './recorder.ts';

/** @throws NotRecordable naming the operation. */
export function assertSameNodes(first: readonly GraphNode[], second: readonly GraphNode[]): void {
  for (const [index, node] of first.entries()) {
    const other = second[index];
    if (isDeepStrictEqual(node, other)) continue;
    const isNumber = node.op === 'Const' && other?.op === 'Const';
    const reader = first.find(({ inputs }) => inputs.includes(node.name))?.op ?? 'an output';
    throw new NotRecordable(
      isNumber
        ? `it computes a number outside of TensorFlow that changes from step to step (input of ${reader})`
        : `its operations change from step to step (${node.op} became ${other?.op ?? 'nothing'})`,
    );
  }
  if (second.length !== first.length) {
    throw new NotRecordable('its operations change from step to step');
  }
}

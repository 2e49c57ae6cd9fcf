/** For tests: which operations of TensorFlow a piece of work executes, by looking at the binding. */
import { nodeBackend, type NodeBinding } from './node-backend.ts';

export type OperationCounts = ReadonlyMap<string, number>;

/** @param work runs at once; tensorflow must be tfjs's backend. */
export function countOperations(work: () => void): OperationCounts {
  const backend = nodeBackend();
  const { binding } = backend;
  const counts = new Map<string, number>();
  // The binding's own properties are read-only.
  const counting = Object.create(binding) as NodeBinding;
  const executeOp: NodeBinding['executeOp'] = (name, ...rest) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return binding.executeOp(name, ...rest);
  };
  Object.defineProperty(counting, 'executeOp', { value: executeOp });
  backend.binding = counting;
  try {
    work();
  } finally {
    backend.binding = binding;
  }
  return counts;
}

export function total(counts: OperationCounts): number {
  return counts.values().reduce((sum, count) => sum + count, 0);
}

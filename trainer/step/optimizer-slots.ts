/**
 * The optimizer's memory: one flat tensor per bucket and slot, so that an update takes a few large
 * operations however many variables the model has. To the outside (checkpoints) each variable has
 * its own named slots, independent of how buckets are cut.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerRule } from './optimizer-rule.ts';

export interface OptimizerSlots {
  readonly names: readonly string[];
  /** The slots of a bucket in the order of `names`. */
  of(bucket: number): readonly tf.Tensor[];
  /** Takes over new tensors, which must not be disposed by the caller. */
  replace(bucket: number, slots: readonly tf.Tensor[]): void;
  dispose(): void;
}

export function createOptimizerSlots(
  rule: OptimizerRule,
  buckets: readonly { readonly length: number }[],
): OptimizerSlots {
  const tensors = buckets.map(({ length }) =>
    rule.slots.map(({ initial }) => tf.keep(tf.fill([length], initial) as tf.Tensor)),
  );
  return {
    names: rule.slots.map(({ name }) => name),
    of: (bucket) => tensors[bucket] ?? [],
    replace: (bucket, slots) => {
      tf.dispose(tensors[bucket] ?? []);
      tensors[bucket] = slots.map((slot) => tf.keep(slot));
    },
    dispose: () => tf.dispose(tensors),
  };
}

/**
 * Optimizers for which TensorFlow has a kernel that updates a variable and its slots in place, in
 * one pass over memory (tensorflow/core/kernels/training_ops.cc). Only those whose formula is that
 * of optimizer-rule.ts; the others are built from it by recording.
 */
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import type { OptimizerRule } from '../optimizer-rule.ts';
import { DataType, floatType, type Graph, type NodeOutput } from './graph.ts';

export interface UpdatedVariable {
  /** Handle of the weight. */
  readonly weight: NodeOutput;
  /** Handles of the slots, in the order of the rule. */
  readonly slots: readonly NodeOutput[];
  readonly gradient: NodeOutput;
  /** Nodes that must have run before. */
  readonly order: readonly NodeOutput[];
}

/** Adds the update. @param scalars those of the rule, [] each. @returns the node that does it. */
export type FusedUpdate = (
  graph: Graph,
  updated: UpdatedVariable,
  scalars: readonly NodeOutput[],
) => NodeOutput;

/** The kernel for these settings; undefined: there is none. */
export function fusedUpdate(config: OptimizerConfig, rule: OptimizerRule): FusedUpdate | undefined {
  switch (config.name) {
    case 'adam':
    case 'adamw':
      return adam;
    case 'sgd':
    case 'momentum':
      return rule.slots.length === 0 ? gradientDescent : momentum(config.nesterov ?? false);
    case 'rmsprop':
    case 'adagrad':
      return undefined;
  }
}

/**
 * The rule's numbers as the kernel wants them. That of Adam takes 1 - β₂ from a float32 β₂, in which
 * 0.999 is 0.99900001: √v starts 6.4e-6 too small and is right after some thousand updates. Since
 * √v meets α and ε alone, these are made smaller alike, by what √v of a steady gradient is off.
 * Without it the losses of an LSTM are 1.2e-5 from Keras's after 200 updates, with it 4e-7.
 * @param t this update, counted from 1.
 */
export function kernelScalars(
  { name }: OptimizerConfig,
  scalars: readonly number[],
  t: number,
): readonly number[] {
  if (name !== 'adam' && name !== 'adamw') return scalars;
  const [rest1 = 0, rest2 = 0, negativeAlpha = 0, epsilon = 0] = scalars;
  const wanted = Math.fround(rest2);
  const taken = Math.fround(1 - Math.fround(1 - wanted));
  const ratio = Math.sqrt(sumOfWeights(taken, t) / sumOfWeights(wanted, t));
  return [rest1, rest2, negativeAlpha * ratio, epsilon * ratio];
}

/** 1 - (1 - rest)ᵗ: what the averages of t updates add up to. */
function sumOfWeights(rest: number, t: number): number {
  return 1 - (1 - rest) ** t;
}

/** w -= alpha · g; the rule's scalar is the negative learning rate. */
const gradientDescent: FusedUpdate = (graph, { weight, gradient, order }, [negative]) => {
  const rate = graph.add('Neg', [negative!], { T: floatType });
  return graph.add('ResourceApplyGradientDescent', [weight, rate, gradient, ...waits(order)], {
    T: floatType,
  });
};

/** m = μ·m - lr·g, w += m, with Nesterov w += μ·m - lr·g: Keras's form, which has its own kernel. */
function momentum(isNesterov: boolean): FusedUpdate {
  return (graph, { weight, slots, gradient, order }, [rate, mu]) =>
    graph.add(
      'ResourceApplyKerasMomentum',
      [weight, slots[0]!, rate!, gradient, mu!, ...waits(order)],
      { T: floatType, use_nesterov: { kind: 'bool', value: isNesterov } },
    );
}

/** The kernel computes α from a learning rate and powers of β; powers of 0 leave α as it is. */
const adam: FusedUpdate = (graph, { weight, slots, gradient, order }, scalars) => {
  const [rest1, rest2, negativeAlpha, epsilon] = scalars;
  const one = scalar(graph, 1);
  const zero = scalar(graph, 0);
  const minus = (a: NodeOutput, b: NodeOutput): NodeOutput =>
    graph.add('Sub', [a, b], { T: floatType });
  const alpha = graph.add('Neg', [negativeAlpha!], { T: floatType });
  const betas = [minus(one, rest1!), minus(one, rest2!)];
  return graph.add(
    'ResourceApplyAdam',
    [weight, ...slots, zero, zero, alpha, ...betas, epsilon!, gradient, ...waits(order)],
    { T: floatType },
  );
};

function scalar(graph: Graph, value: number): NodeOutput {
  return graph.constant(DataType.float, [], new Uint8Array(Float32Array.of(value).buffer));
}

function waits(order: readonly NodeOutput[]): readonly NodeOutput[] {
  return order.map((name) => `^${name}`);
}

/**
 * Optimizers for which TensorFlow has a kernel that updates a variable and its slots in place, in
 * one pass over memory (tensorflow/core/kernels/training_ops.cc). Only those whose formula is that
 * of optimizer-rule.ts; the others are built from it by recording.
 */
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import type { OptimizerRule } from '../optimizer-rule.ts';
import { floatType, type Graph, type NodeOutput } from './graph.ts';

export interface UpdatedVariable {
  /** Handle of the weight. */
  readonly weight: NodeOutput;
  /** Handles of the slots, in the order of the rule. */
  readonly slots: readonly NodeOutput[];
  readonly gradient: NodeOutput;
  /** Nodes that must have run before. */
  readonly order: readonly NodeOutput[];
}

/** A kernel with what it wants to be fed, once for all variables. */
export interface FusedUpdate {
  /**
   * @param scalars those of the rule
   * @param t this update, counted from 1
   */
  numbers(scalars: readonly number[], t: number): readonly number[];
  /** Adds the update of one variable. @param numbers [] each. @returns the node that does it. */
  add(graph: Graph, updated: UpdatedVariable, numbers: readonly NodeOutput[]): NodeOutput;
}

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

/** w -= alpha · g; the rule's scalar is the negative learning rate. */
const gradientDescent: FusedUpdate = {
  numbers: ([negative = 0]) => [-negative],
  add: (graph, { weight, gradient, order }, [rate]) =>
    graph.add('ResourceApplyGradientDescent', [weight, rate!, gradient, ...waits(order)], {
      T: floatType,
    }),
};

/** m = μ·m - lr·g, w += m, with Nesterov w += μ·m - lr·g: Keras's form, which has its own kernel. */
function momentum(isNesterov: boolean): FusedUpdate {
  const attributes = { T: floatType, use_nesterov: { kind: 'bool', value: isNesterov } } as const;
  return {
    numbers: (scalars) => scalars,
    add: (graph, { weight, slots, gradient, order }, [rate, mu]) => {
      const inputs = [weight, slots[0]!, rate!, gradient, mu!, ...waits(order)];
      return graph.add('ResourceApplyKerasMomentum', inputs, attributes);
    },
  };
}

/**
 * The kernel computes α from a learning rate and powers of β; powers of 0 leave α as it is. It takes
 * 1 - β₂ from a float32 β₂, in which 0.999 is 0.99900001: √v starts 6.4e-6 too small and is right
 * after some thousand updates. Since √v meets α and ε alone, these are made smaller alike, by what
 * √v of a steady gradient is off. Without it the losses of an LSTM are 1.2e-5 from Keras's after 200
 * updates, with it 4e-7.
 */
const adam: FusedUpdate = {
  numbers: ([rest1 = 0, rest2 = 0, negativeAlpha = 0, epsilon = 0], t) => {
    const [beta1, beta2] = [rest1, rest2].map((rest) => Math.fround(1 - Math.fround(rest)));
    const ratio = Math.sqrt(
      sumOfWeights(Math.fround(1 - beta2!), t) / sumOfWeights(Math.fround(rest2), t),
    );
    const noPower = 0;
    return [noPower, -negativeAlpha * ratio, beta1!, beta2!, epsilon * ratio];
  },
  add: (graph, { weight, slots, gradient, order }, [power, ...numbers]) => {
    const inputs = [weight, ...slots, power!, power!, ...numbers, gradient, ...waits(order)];
    return graph.add('ResourceApplyAdam', inputs, { T: floatType });
  },
};

/** 1 - (1 - rest)ᵗ: what the averages of t updates add up to. */
function sumOfWeights(rest: number, t: number): number {
  return 1 - (1 - rest) ** t;
}

function waits(order: readonly NodeOutput[]): readonly NodeOutput[] {
  return order.map((name) => `^${name}`);
}

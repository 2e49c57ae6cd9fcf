/**
 * Optimizers as pure tensor functions with the formulas of Keras 3 (keras/src/optimizers, 3.12):
 * a flat gradient and flat slots go in, a flat update and new slots come out. No state, no reads
 * of tensor values, and every number that changes from step to step is fed as a scalar, so that
 * an update can be recorded as a graph. Works on whole buckets: a few large operations.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import type { UpdateFormula } from './update-kernel.ts';

export interface OptimizerRule {
  /** What `update` computes, for backends that do it in one pass. */
  readonly formula: UpdateFormula;
  readonly slots: readonly { readonly name: string; readonly initial: number }[];
  /** AdamW: weights are multiplied by 1 - learningRate · weightDecay before the update. */
  readonly weightDecay: number;
  /** The numbers that `update` takes as scalars. @param t this update, counted from 1. */
  scalars(learningRate: number, t: number): readonly number[];
  /** All tensors have the gradient's shape, scalars have shape []; `update` is added to weights. */
  update(
    gradient: tf.Tensor,
    slots: readonly tf.Tensor[],
    scalars: readonly tf.Tensor[],
  ): { readonly update: tf.Tensor; readonly slots: readonly tf.Tensor[] };
}

/** Keras's defaults. */
const MOMENTUM = 0.9;
const RHO = 0.9;
const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-7;
const WEIGHT_DECAY = 0.004;
const INITIAL_ACCUMULATOR = 0.1;

export function createOptimizerRule(config: OptimizerConfig): OptimizerRule {
  switch (config.name) {
    case 'sgd':
      return stochasticGradientDescent(config.momentum ?? 0, config.nesterov ?? false);
    case 'momentum':
      return stochasticGradientDescent(config.momentum ?? MOMENTUM, config.nesterov ?? false);
    case 'rmsprop':
      return rmsprop(config);
    case 'adagrad':
      return adagrad(config);
    case 'adam':
      return adam(config, 0);
    case 'adamw':
      return adam(config, config.weightDecay ?? WEIGHT_DECAY);
  }
}

/**
 * keras.optimizers.SGD: w += -lr·g; with momentum μ: m = μ·m - lr·g, w += m;
 * Nesterov: w += μ·m - lr·g with the new m.
 */
function stochasticGradientDescent(momentum: number, isNesterov: boolean): OptimizerRule {
  if (momentum === 0) {
    return {
      formula: 'sgd',
      slots: [],
      weightDecay: 0,
      scalars: (learningRate) => [-learningRate],
      update: (g, _slots, s) => ({ update: tf.mul(g, at(s, 0)), slots: [] }),
    };
  }
  return {
    formula: isNesterov ? 'nesterov' : 'momentum',
    slots: [{ name: 'momentum', initial: 0 }],
    weightDecay: 0,
    scalars: (learningRate) => [learningRate, momentum],
    update: (g, slots, s) => {
      const scaled = tf.mul(g, at(s, 0));
      const m = tf.sub(tf.mul(at(slots, 0), at(s, 1)), scaled);
      return { update: isNesterov ? tf.sub(tf.mul(m, at(s, 1)), scaled) : m, slots: [m] };
    },
  };
}

/**
 * keras.optimizers.RMSprop: v = ρ·v + (1 - ρ)·g², u = lr·g / √(v + ε), w -= u;
 * with momentum μ: m = μ·m + u, w -= m.
 */
function rmsprop(config: OptimizerConfig): OptimizerRule {
  const momentum = config.momentum ?? 0;
  const rho = config.rho ?? RHO;
  const epsilon = config.epsilon ?? EPSILON;
  const hasMomentum = momentum > 0;
  return {
    formula: hasMomentum ? 'rmspropMomentum' : 'rmsprop',
    slots: [
      { name: 'velocity', initial: 0 },
      ...(hasMomentum ? [{ name: 'momentum', initial: 0 }] : []),
    ],
    weightDecay: 0,
    scalars: (learningRate) => [-learningRate, rho, 1 - rho, epsilon, momentum],
    update: (g, slots, s) => {
      const v = tf.add(tf.mul(at(slots, 0), at(s, 1)), tf.mul(tf.square(g), at(s, 2)));
      const update = tf.div(tf.mul(g, at(s, 0)), tf.sqrt(tf.add(v, at(s, 3))));
      if (!hasMomentum) return { update, slots: [v] };
      const m = tf.sub(tf.mul(at(slots, 1), at(s, 4)), update);
      return { update: tf.neg(m), slots: [v, m] };
    },
  };
}

/** keras.optimizers.Adagrad: a += g², w -= lr·g / √(a + ε). */
function adagrad(config: OptimizerConfig): OptimizerRule {
  const epsilon = config.epsilon ?? EPSILON;
  const initial = config.initialAccumulatorValue ?? INITIAL_ACCUMULATOR;
  return {
    formula: 'adagrad',
    slots: [{ name: 'accumulator', initial }],
    weightDecay: 0,
    scalars: (learningRate) => [-learningRate, epsilon],
    update: (g, slots, s) => {
      const a = tf.add(at(slots, 0), tf.square(g));
      return { update: tf.div(tf.mul(g, at(s, 0)), tf.sqrt(tf.add(a, at(s, 1)))), slots: [a] };
    },
  };
}

/**
 * keras.optimizers.Adam: m += (g - m)·(1 - β₁), v += (g² - v)·(1 - β₂),
 * w -= α·m / (√v + ε) with α = lr·√(1 - β₂ᵗ) / (1 - β₁ᵗ): ε stands outside of the root and is not
 * bias-corrected ("epsilon hat" of Kingma and Ba 2014, arXiv 1412.6980).
 * keras.optimizers.AdamW: the same after w -= lr·weightDecay·w.
 */
function adam(config: OptimizerConfig, weightDecay: number): OptimizerRule {
  const beta1 = config.beta1 ?? BETA_1;
  const beta2 = config.beta2 ?? BETA_2;
  const epsilon = config.epsilon ?? EPSILON;
  return {
    formula: 'adam',
    slots: [
      { name: 'momentum', initial: 0 },
      { name: 'velocity', initial: 0 },
    ],
    weightDecay,
    scalars: (learningRate, t) => [
      1 - beta1,
      1 - beta2,
      (-learningRate * Math.sqrt(oneMinusPower(beta2, t))) / oneMinusPower(beta1, t),
      epsilon,
    ],
    update: (g, slots, s) => {
      const [m0, v0] = [at(slots, 0), at(slots, 1)];
      const m = tf.add(m0, tf.mul(tf.sub(g, m0), at(s, 0)));
      const v = tf.add(v0, tf.mul(tf.sub(tf.square(g), v0), at(s, 1)));
      const update = tf.div(tf.mul(m, at(s, 2)), tf.add(tf.sqrt(v), at(s, 3)));
      return { update, slots: [m, v] };
    },
  };
}

/** 1 - βᵗ in float32, as Keras has it: with β₂ = 0.999 the rounding shows in the sixth digit. */
function oneMinusPower(beta: number, t: number): number {
  return Math.fround(1 - Math.fround(Math.fround(beta) ** t));
}

function at(tensors: readonly tf.Tensor[], index: number): tf.Tensor {
  const tensor = tensors[index];
  if (tensor === undefined) throw new Error(`optimizer rule: tensor ${index} was not given`);
  return tensor;
}

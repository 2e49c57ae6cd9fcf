import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { OptimizerConfig, ScheduleConfig } from '@tfjs-operator/api/run-config.ts';
import { needsPython, python } from '../../test/python.ts';
import { createEagerStep } from './eager-step.ts';
import { learningRateAt } from './learning-rate.ts';
import { relativeDifference, uniform } from './simulated-ranks.ts';

interface OptimizerCase {
  readonly keras: string;
  readonly config: Omit<OptimizerConfig, 'learningRate'>;
  readonly clipNorm?: number;
}

const optimizers: Readonly<Record<string, OptimizerCase>> = {
  'plain SGD': { keras: 'SGD()', config: { name: 'sgd' } },
  momentum: { keras: 'SGD(momentum=0.8)', config: { name: 'momentum', momentum: 0.8 } },
  'Nesterov momentum': {
    keras: 'SGD(momentum=0.9, nesterov=True)',
    config: { name: 'momentum', nesterov: true },
  },
  RMSProp: { keras: 'RMSprop()', config: { name: 'rmsprop' } },
  'RMSProp with momentum': {
    keras: 'RMSprop(rho=0.8, momentum=0.7, epsilon=1e-4)',
    config: { name: 'rmsprop', rho: 0.8, momentum: 0.7, epsilon: 1e-4 },
  },
  Adagrad: { keras: 'Adagrad()', config: { name: 'adagrad' } },
  'Adagrad with its own start': {
    keras: 'Adagrad(initial_accumulator_value=0.5, epsilon=1e-3)',
    config: { name: 'adagrad', initialAccumulatorValue: 0.5, epsilon: 1e-3 },
  },
  Adam: { keras: 'Adam()', config: { name: 'adam' } },
  'Adam with its own betas': {
    keras: 'Adam(beta_1=0.8, beta_2=0.9, epsilon=1e-3)',
    config: { name: 'adam', beta1: 0.8, beta2: 0.9, epsilon: 1e-3 },
  },
  AdamW: { keras: 'AdamW()', config: { name: 'adamw' } },
  'AdamW with strong decay': {
    keras: 'AdamW(weight_decay=0.3)',
    config: { name: 'adamw', weightDecay: 0.3 },
  },
  'SGD with clipping': {
    keras: 'SGD(global_clipnorm=1.5)',
    config: { name: 'sgd' },
    clipNorm: 1.5,
  },
  'Adam with clipping': {
    keras: 'Adam(global_clipnorm=0.5)',
    config: { name: 'adam' },
    clipNorm: 0.5,
  },
};

const schedules: Readonly<Record<string, { readonly keras: string; config: ScheduleConfig }>> = {
  staircase: {
    keras: 'ExponentialDecay(0.1, 7, 0.5, staircase=True)',
    config: { name: 'step', warmupSteps: 0, decaySteps: 7, decayRate: 0.5 },
  },
  exponential: {
    keras: 'ExponentialDecay(0.1, 7, 0.9)',
    config: { name: 'exponential', warmupSteps: 0, decaySteps: 7, decayRate: 0.9 },
  },
  cosine: {
    keras: 'CosineDecay(0.1, 30, alpha=0.1)',
    config: { name: 'cosine', warmupSteps: 0, decaySteps: 30, alpha: 0.1 },
  },
  'cosine with warm-up to the last step': {
    keras: 'CosineDecay(0.0, 32, warmup_target=0.1, warmup_steps=8)',
    config: { name: 'cosine', warmupSteps: 8 },
  },
};

const STEPS = 10;
const SCHEDULE_STEPS = 40;
const SHAPES = [[3, 4], [4], [4, 2], [2]];
const BASE_RATE = 0.1;

const next = uniform(11);
const weights = SHAPES.map((shape) => randomOf(shape));
// Of different sizes, so that some steps are clipped and others are not.
const gradients = Array.from({ length: STEPS }, (_, step) =>
  SHAPES.map((shape) => randomOf(shape).map((value) => (value * (step + 1)) / 5)),
);
const rates = Array.from({ length: STEPS }, (_, step) => 0.05 / (1 + step));

function randomOf(shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next);
}

function script(): string {
  const input = {
    shapes: SHAPES,
    weights: weights.map((w) => [...w]),
    gradients: gradients.map((step) => step.map((g) => [...g])),
    rates,
    optimizers: Object.fromEntries(Object.entries(optimizers).map(([k, v]) => [k, v.keras])),
    schedules: Object.fromEntries(Object.entries(schedules).map(([k, v]) => [k, v.keras])),
  };
  return `
import json, keras, numpy as np
i = json.loads(r'''${JSON.stringify(input)}''')
array = lambda v, s: np.array(v, dtype='float32').reshape(s)
result = {'optimizers': {}, 'schedules': {}}
for name, code in i['optimizers'].items():
    o = eval('keras.optimizers.' + code)
    vs = [keras.Variable(array(w, s)) for w, s in zip(i['weights'], i['shapes'])]
    for rate, gs in zip(i['rates'], i['gradients']):
        o.learning_rate = rate
        o.apply([keras.ops.convert_to_tensor(array(g, s)) for g, s in zip(gs, i['shapes'])], vs)
    result['optimizers'][name] = [np.array(v).ravel().tolist() for v in vs]
for name, code in i['schedules'].items():
    s = eval('keras.optimizers.schedules.' + code)
    result['schedules'][name] = [float(s(t)) for t in range(${SCHEDULE_STEPS})]
print(json.dumps(result))
`;
}

/** The real update half: gradients are put into the arena as an all-reduce would leave them. */
function trainOurs({ config, clipNorm }: OptimizerCase): Float32Array[] {
  const model = tfl.sequential({
    layers: [tfl.layers.dense({ units: 4, inputShape: [3] }), tfl.layers.dense({ units: 2 })],
  });
  const optimizer = { ...config, learningRate: 0 };
  const step = createEagerStep({
    model,
    loss: (_, yPred) => tf.sum(yPred, -1),
    metrics: [],
    optimizer,
    clipNorm,
    bucketBytes: 48,
  });
  const start = step.state();
  step.restore(start.map((array, i) => ({ ...array, data: weights[i] ?? array.data })));
  gradients.forEach((gs, index) => {
    step.gradients(
      { x: new Float32Array(3), y: new Float32Array(1), count: 1 },
      { globalCount: 1, step: index, randomKey: 1 },
      () => undefined,
    );
    const placed = step.layout.buckets.slice(0, -1).flatMap(({ variables }) => variables);
    placed.reverse().forEach(({ offset }, order) => step.arena.set(gs[order] ?? [], offset));
    step.apply({ learningRate: rates[index] ?? 0, step: index });
  });
  const trained = step.state().slice(0, SHAPES.length);
  step.dispose();
  model.dispose();
  return trained.map(({ data }) => data);
}

describe('ten updates agree with Keras', needsPython(), () => {
  let truth: {
    optimizers: Record<string, number[][]>;
    schedules: Record<string, number[]>;
  };
  before(async () => {
    await tf.setBackend('cpu');
    truth = JSON.parse(await python(script())) as typeof truth;
  });

  for (const [name, optimizer] of Object.entries(optimizers)) {
    test(`of ${name}`, () => {
      trainOurs(optimizer).forEach((actual, index) => {
        const difference = relativeDifference(actual, truth.optimizers[name]?.[index] ?? [NaN]);
        assert.ok(difference < 2e-6, `weight ${index} differs by ${difference}`);
      });
    });
  }

  for (const [name, { config }] of Object.entries(schedules)) {
    test(`and so do the rates of the ${name} schedule`, () => {
      const ours = Array.from({ length: SCHEDULE_STEPS }, (_, step) =>
        learningRateAt(step, config, BASE_RATE, SCHEDULE_STEPS),
      );
      const difference = relativeDifference(ours, truth.schedules[name] ?? [NaN]);
      assert.ok(difference < 1e-6, `differs by ${difference}`);
    });
  }
});

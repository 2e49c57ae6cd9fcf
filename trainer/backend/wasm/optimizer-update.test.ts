import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import { createOptimizerRule } from '../../step/optimizer-rule.ts';
import { hasUpdateKernel, runUpdateKernel } from '../../step/update-kernel.ts';
import { randomFloats } from '../layer-cases.testing.ts';
import { wasmBackend } from '../wasm-backend.ts';

const optimizers: readonly OptimizerConfig[] = [
  { name: 'sgd', learningRate: 0.1 },
  { name: 'momentum', learningRate: 0.1 },
  { name: 'sgd', learningRate: 0.1, momentum: 0.8, nesterov: true },
  { name: 'rmsprop', learningRate: 0.01 },
  { name: 'rmsprop', learningRate: 0.01, momentum: 0.5 },
  { name: 'adagrad', learningRate: 0.1 },
  { name: 'adam', learningRate: 0.001 },
  { name: 'adamw', learningRate: 0.001, weightDecay: 0.1 },
];

/** A variable of 11 numbers in the middle of a bucket: vectors, a rest, and neighbours. */
const bucket = 20;
const shape = [11];
const start = 3;
const clip = 0.7;

before(async () => {
  await wasmBackend.open();
});

for (const config of optimizers) {
  const words = [config.name, config.nesterov && 'nesterov', config.momentum].filter(Boolean);
  test(`an update of ${words.join(' ')} in one pass equals the composed one to the bit`, () => {
    assert.ok(hasUpdateKernel());
    const rule = createOptimizerRule(config);
    const gradientOf = (step: number): tf.Tensor => tf.tensor(randomFloats(bucket, 10 + step));
    let composed = tf.tensor(randomFloats(11, 1));
    let fused = tf.clone(composed);
    let slots = rule.slots.map(({ initial }) => tf.fill([bucket], initial) as tf.Tensor);
    const overwritten = rule.slots.map(({ initial }) => tf.fill([bucket], initial) as tf.Tensor);

    for (let step = 1; step <= 3; step++) {
      const scalars = rule.scalars(config.learningRate, step);
      const decay = 1 - config.learningRate * rule.weightDecay;
      const gradient = tf.mul(gradientOf(step), clip);
      const tensors = scalars.map((value) => tf.scalar(value));
      const result = rule.update(gradient, slots, tensors);
      slots = [...result.slots];
      const part = tf.slice(result.update, [start], shape);
      composed = tf.add(rule.weightDecay ? tf.mul(composed, decay) : composed, part);

      const [slot0, slot1] = overwritten;
      fused = runUpdateKernel(
        {
          weight: fused,
          gradient: gradientOf(step),
          ...(slot0 && { slot0 }),
          ...(slot1 && { slot1 }),
        },
        { formula: rule.formula, scalars, clip, decay: rule.weightDecay ? decay : 1, start },
      );
    }

    assert.deepEqual(fused.dataSync(), composed.dataSync());
    slots.forEach((slot, index) => {
      const { initial } = rule.slots[index]!;
      const actual = overwritten[index]!.dataSync();
      assert.deepEqual(actual.slice(start, start + 11), slot.dataSync().slice(start, start + 11));
      const neighbours = [...actual.slice(0, start), ...actual.slice(start + 11)];
      const untouched = new Float32Array(bucket - 11).fill(initial);
      assert.deepEqual(neighbours, [...untouched]);
    });
  });
}

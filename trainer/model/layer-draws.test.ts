/** Dropout and noise with seeded draws follow (seed, rank, step), whatever was computed before. */
import { beforeEach } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { testLayerDraws } from './layer-draws-cases.testing.ts';
import { seededDraws } from './seeded-draws.ts';

beforeEach(async () => {
  await tf.setBackend('cpu');
});

testLayerDraws(seededDraws);

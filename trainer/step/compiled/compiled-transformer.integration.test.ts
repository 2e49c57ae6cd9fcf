/** A transformer with dropout and a causal mask becomes a graph that computes as the operations do. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { chooseBackend, knownBackends } from '../../backend/choose-backend.ts';
import { statelessDraws } from '../../backend/tensorflow/stateless-draws.ts';
import { buildModel } from '../../model/build-model.ts';
import { lossByName } from '../../model/loss.ts';
import { createEagerStep } from '../eager-step.ts';
import type { StepOptions } from '../open-step.ts';
import { relativeDifference, uniform } from '../simulated-ranks.ts';
import type { StepBatch, TrainingStep } from '../training-step.ts';
import { createCompiledStep } from './compiled-step.ts';

type Calls = readonly unknown[];
const node = (class_name: string, name: string, config: object, inbound_nodes: Calls): object => ({
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes,
});

const transformer: Topology = {
  class_name: 'Functional',
  config: {
    name: 'transformer',
    layers: [
      node('InputLayer', 'tokens', { batch_input_shape: [null, 5] }, []),
      node('Embedding', 'words', { input_dim: 9, output_dim: 8 }, [[['tokens', 0, 0, {}]]]),
      node('Dense', 'memory', { units: 6 }, [[['words', 0, 0, {}]]]),
      node('MultiHeadAttention', 'self', { num_heads: 2, key_dim: 4, dropout: 0.3 }, [[['words', 0, 0, { use_causal_mask: true }]]]),
      node('Add', 'residual', {}, [[['words', 0, 0, {}], ['self', 0, 0, {}]]]),
      node('LayerNormalization', 'norm', {}, [[['residual', 0, 0, {}]]]),
      node('MultiHeadAttention', 'cross', { num_heads: 1, key_dim: 4, dropout: 0.2 }, [[['norm', 0, 0, {}], ['memory', 0, 0, {}]]]),
      node('Dense', 'wide', { units: 12, activation: 'gelu' }, [[['cross', 0, 0, {}]]]),
      node('GlobalAveragePooling1D', 'mean', {}, [[['wide', 0, 0, {}]]]),
      node('Dense', 'classes', { units: 3, activation: 'softmax' }, [[['mean', 0, 0, {}]]]),
    ],
    input_layers: [['tokens', 0, 0]],
    output_layers: [['classes', 0, 0]],
  },
}; // prettier-ignore

function batchAt(index: number, count: number): StepBatch {
  const next = uniform(index + 1);
  const whole = (below: number): number => Math.floor(((next() + 1) / 2) * below);
  return {
    x: Float32Array.from({ length: count * 5 }, () => whole(9)),
    y: Int32Array.from({ length: count }, () => whole(3)),
    count,
  };
}

/** The last of four batches is smaller. */
function lossesOf(step: TrainingStep): number[] {
  return Array.from({ length: 12 }, (_, index) => {
    const batch = batchAt(index, index % 4 === 3 ? 4 : 6);
    const options = { globalCount: batch.count, step: index, randomKey: 100 + index };
    step.gradients(batch, options, () => undefined);
    step.apply({ learningRate: 0.01, step: index });
    return step.readSums().loss;
  });
}

describe('a compiled transformer', needsTensorflowAddon(), () => {
  before(async () => {
    await chooseBackend('tensorflow', knownBackends({ home: await tensorflowAddon() }));
  });

  test('learns with the same losses as one operation after the other', () => {
    const options = (): StepOptions => ({
      model: buildModel(transformer, { seed: 1 }),
      loss: lossByName({ name: 'categoricalCrossentropy' }),
      metrics: [],
      optimizer: { name: 'adam', learningRate: 0.01 },
      bucketBytes: 1024,
    });
    const eager = createEagerStep({ ...options(), draws: statelessDraws() });
    const compiled = createCompiledStep(options());
    const expected = lossesOf(eager);
    const actual = lossesOf(compiled);
    assert.equal(compiled.execution.mode, 'compiled', compiled.execution.reason);
    const difference = relativeDifference(actual, expected);
    assert.ok(difference < 1e-4, `losses ${actual.join()} instead of ${expected.join()}`);
    for (const step of [eager, compiled]) step.dispose();
  });
});

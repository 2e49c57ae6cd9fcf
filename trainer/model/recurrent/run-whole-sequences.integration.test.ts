/** Whole sequences on TensorFlow's kernels against tfjs's own layers, and on all against Keras. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { needsPython, python } from '../../../test/python.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { cpuBackend } from '../../backend/cpu-backend.ts';
import { wasmBackend } from '../../backend/wasm-backend.ts';
import { chooseBackend, knownBackends } from '../../backend/choose-backend.ts';
import {
  kerasCases,
  outcomeError,
  outcomeOf,
  wholeCases,
  type Outcome,
} from './recurrent-cases.testing.ts';

describe(
  'a recurrent layer computed as a whole sequence by TensorFlow',
  needsTensorflowAddon(),
  () => {
    before(async () => {
      await cpuBackend.open();
      await chooseBackend('tensorflow', knownBackends({ home: await tensorflowAddon() }));
    });

    for (const recurrentCase of wholeCases) {
      test(`has the values and gradients of tfjs: ${recurrentCase.name}`, async () => {
        await tf.setBackend('cpu');
        const expected = outcomeOf(recurrentCase, false);
        await tf.setBackend('tensorflow');
        const error = outcomeError(outcomeOf(recurrentCase, true), expected);
        assert.ok(error < 2e-6, `tensorflow differs by ${error}`);
      });
    }
  },
);

/** Reads cases and values from its input, prints outcomes. */
const kerasOutcomes = (cases: string): string => `
import json, numpy as np, tensorflow as tf
outcomes = []
for case in json.loads('''${cases}'''):
    options = {'reset_after': False} if case['kind'] == 'GRU' else {}
    layer = getattr(tf.keras.layers, case['kind'])(case['units'], return_sequences=case['every'],
        go_backwards=case['back'], **options)
    x, *weights = [np.array(values, 'float32').reshape(shape) for shape, values in case['values']]
    layer.build(x.shape)
    layer.set_weights(weights)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
        loss = tf.reduce_sum(y * np.array(case['factors'], 'float32').reshape(y.shape))
    gradients = tape.gradient(loss, [x, *layer.trainable_variables])
    outcomes.append({'output': y.numpy().ravel().tolist(),
        'gradients': [g.numpy().ravel().tolist() for g in gradients]})
print(json.dumps(outcomes))
`;

describe('a recurrent layer computed as a whole sequence', needsPython(), () => {
  test('has the values and gradients of Keras', async () => {
    const cases = kerasCases();
    const written = JSON.stringify(cases.map(({ given }) => given));
    const expected = JSON.parse(await python(kerasOutcomes(written))) as Outcome[];
    await cpuBackend.open();
    await wasmBackend.open();
    for (const backend of ['cpu', 'wasm']) {
      await tf.setBackend(backend);
      cases.forEach(({ recurrentCase }, index) => {
        const error = outcomeError(outcomeOf(recurrentCase, true), expected[index]!);
        assert.ok(error < 2e-6, `${recurrentCase.name} on ${backend} differs by ${error}`);
      });
    }
  });
});

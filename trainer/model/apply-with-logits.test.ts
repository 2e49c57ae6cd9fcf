import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { applyWithLogits } from './apply-with-logits.ts';
import { lossByName } from './loss.ts';

const { dense, activation, reshape } = tfl.layers;
const zeros = 'zeros' as const;

function sequential(...layers: readonly tfl.layers.Layer[]): tfl.Sequential {
  return tfl.sequential({ layers: [...layers] });
}

/** Scores of which float32 has a softmax of 0, so that its logarithm says nothing. */
const scores = tf.tensor2d([
  [200, 0, -50],
  [1, 2, 3],
]);
const passOn = (settings: { activation: 'softmax' | 'sigmoid' }): tfl.layers.Layer =>
  dense({ units: 3, inputShape: [3], kernelInitializer: 'identity', ...settings });

describe('the logits behind the output', () => {
  before(() => tf.setBackend('cpu'));

  const ending = {
    'a Dense layer': () => sequential(passOn({ activation: 'softmax' })),
    'an Activation layer': () =>
      sequential(
        dense({ units: 3, inputShape: [3], kernelInitializer: 'identity' }),
        activation({ activation: 'softmax' }),
      ),
    'a nested model': () =>
      sequential(
        dense({ units: 3, inputShape: [3], kernelInitializer: 'identity' }),
        sequential(passOn({ activation: 'softmax' })),
      ),
  };
  for (const [what, build] of Object.entries(ending)) {
    for (const training of [true, false]) {
      test(`are found at the end of ${what}, ${training ? 'training' : 'inference'}`, () => {
        const model = build();
        const before_ = tf.memory().numTensors;
        tf.tidy(() => {
          applyWithLogits(model, scores, { training }, (output, logits) => {
            assert.equal(logits?.activation, 'softmax');
            assert.deepEqual(logits.values.arraySync(), scores.arraySync());
            assert.deepEqual(output.arraySync(), tf.softmax(scores).arraySync());
          });
        });
        assert.equal(tf.memory().numTensors, before_);
        // The model is as it was: a plain forward pass takes the layer's own activation.
        tf.dispose(model.apply(scores) as tf.Tensor);
        assert.equal(tf.memory().numTensors, before_);
        model.dispose();
      });
    }
  }

  test('are those of a sigmoid too, and undefined behind anything else', () => {
    const kinds = {
      sigmoid: sequential(passOn({ activation: 'sigmoid' })),
      none: sequential(dense({ units: 3, inputShape: [3] })),
      reshaped: sequential(
        passOn({ activation: 'softmax' }),
        reshape({ targetShape: [3, 1], inputShape: [3] }),
      ),
    };
    const found = Object.values(kinds).map((model) =>
      tf.tidy(() =>
        applyWithLogits(model, scores, { training: true }, (_, logits) => logits?.activation),
      ),
    );
    assert.deepEqual(found, ['sigmoid', undefined, undefined]);
  });

  test('give a sample that is surely wrong its loss and its gradient', () => {
    const model = sequential(
      dense({ units: 3, inputShape: [3], kernelInitializer: 'identity', biasInitializer: zeros }),
      activation({ activation: 'softmax' }),
    );
    const bias = model.trainableWeights[1]!.read() as tf.Variable;
    const loss = lossByName({ name: 'categoricalCrossentropy' });
    const x = tf.slice(scores, [0, 0], [1, 3]);
    const wrong = tf.tensor1d([2], 'int32');
    const { value, grads } = tf.variableGrads(
      () =>
        applyWithLogits(model, x, { training: true }, (output, logits) =>
          tf.sum(loss(wrong, output, logits)),
        ) as tf.Scalar,
      [bias],
    );
    assert.equal(value.dataSync()[0], 250);
    assert.deepEqual([...grads[bias.name]!.dataSync()], [1, 0, -1]);
  });
});

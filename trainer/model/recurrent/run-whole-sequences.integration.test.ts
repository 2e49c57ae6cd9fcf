/** Whole sequences on TensorFlow's kernels against tfjs's own layers. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { cpuBackend } from '../../backend/cpu-backend.ts';
import { chooseBackend, knownBackends } from '../../backend/choose-backend.ts';
import { outcomeError, outcomeOf, recurrentCases } from './recurrent-cases.testing.ts';

describe(
  'a recurrent layer computed as a whole sequence by TensorFlow',
  needsTensorflowAddon(),
  () => {
    before(async () => {
      await cpuBackend.open();
      await chooseBackend('tensorflow', knownBackends({ home: await tensorflowAddon() }));
    });

    for (const recurrentCase of recurrentCases) {
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

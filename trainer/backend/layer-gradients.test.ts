import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { cpuBackend } from './cpu-backend.ts';
import {
  analyticGradients,
  layerCases,
  randomFloats,
  relativeError,
  subjectOf,
  type Subject,
} from './layer-cases.testing.ts';
import { wasmBackend } from './wasm-backend.ts';

/** Step of the central differences: their error is its square, that of rounding its inverse. */
const step = 4e-3;
const relativeTolerance = 1e-3;

/** Summed in double precision, so that only the layer itself rounds to single. */
function lossOf({ output }: Subject): number {
  const values = Array.from(tf.tidy(() => output().dataSync()));
  const weights = randomFloats(values.length, 99);
  return values.reduce((sum, value, index) => sum + value * weights[index]!, 0);
}

function numericGradient(subject: Subject, variable: tf.Variable): number[] {
  const original = Float32Array.from(variable.dataSync());
  const lossAt = (index: number, shift: number): { loss: number; at: number } => {
    const moved = Float32Array.from(original);
    moved[index]! += shift;
    const tensor = tf.tensor(moved, variable.shape);
    variable.assign(tensor);
    tensor.dispose();
    return { loss: lossOf(subject), at: moved[index]! };
  };
  const gradient = Array.from(original.keys(), (index) => {
    const [up, down] = [lossAt(index, step), lossAt(index, -step)];
    return (up.loss - down.loss) / (up.at - down.at);
  });
  variable.assign(tf.tensor(original, variable.shape));
  return gradient;
}

before(async () => {
  await cpuBackend.open();
  await wasmBackend.open();
});

for (const layerCase of layerCases) {
  test(`the gradients of ${layerCase.name} on wasm are those of cpu and of finite differences`, async () => {
    assert.ok(await tf.setBackend('cpu'));
    const expected = analyticGradients(subjectOf(layerCase));
    assert.ok(await tf.setBackend('wasm'));
    const subject = subjectOf(layerCase);
    const actual = analyticGradients(subject);
    subject.variables.forEach((variable, index) => {
      const { name } = variable;
      const toCpu = relativeError(actual[index]!, expected[index]!);
      assert.ok(toCpu <= relativeTolerance / 10, `${name} differs from cpu by ${toCpu}`);
      const toNumeric = relativeError(actual[index]!, numericGradient(subject, variable));
      assert.ok(
        toNumeric <= relativeTolerance,
        `${name} differs from finite differences by ${toNumeric}`,
      );
    });
  });
}

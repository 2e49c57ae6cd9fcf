/** Dropout and noise drawn by TensorFlow: right, reproducible, and fit to be recorded as a graph. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { testLayerDraws } from '../../model/layer-draws-cases.testing.ts';
import { chooseBackend, knownBackends } from '../choose-backend.ts';
import { nodeBackend, type NodeBinding } from './node-backend.ts';
import { statelessDraws } from './stateless-draws.ts';

describe('draws of the backend tensorflow', needsTensorflowAddon(), () => {
  before(async () => {
    await chooseBackend('tensorflow', knownBackends({ home: await tensorflowAddon() }));
  });

  testLayerDraws(statelessDraws);

  test('are uniform in [0, 1) and normal', () => {
    const draws = statelessDraws();
    tf.tidy(() => {
      draws.startPass(3);
      const uniform = draws.uniform([100_000], 'a').dataSync();
      assert.ok(uniform.every((value) => value >= 0 && value < 1));
      // Deciles; each count is binomial with deviation sqrt(1e5 * 0.1 * 0.9) = 95.
      const counts = new Array<number>(10).fill(0);
      for (const value of uniform) counts[Math.floor(value * 10)]! += 1;
      assert.ok(
        counts.every((count) => Math.abs(count - 10_000) < 5 * 95),
        String(counts),
      );
      const normal = draws.normal([100_000], 'a').dataSync();
      // 68.27 % within one deviation; the count's own deviation is 147.
      const inside = normal.filter((value) => Math.abs(value) < 1).length;
      assert.ok(Math.abs(inside - 68_269) < 5 * 147, `${inside} within one deviation`);
    });
  });

  test('take a key tensor of the caller in place of a number', () => {
    const draws = statelessDraws();
    tf.tidy(() => {
      draws.startPass(-5);
      const expected = draws.uniform([4], 'a').dataSync();
      const key = tf.scalar(-5, 'int32');
      draws.startPassWith(key);
      assert.equal(draws.key, key);
      assert.deepEqual(draws.uniform([4], 'a').dataSync(), expected);
      assert.notDeepEqual(draws.uniform([4], 'a').dataSync(), expected, 'the second draw');
    });
  });

  test('upload the key and constants, and read nothing', () => {
    const uploads = (key: number): readonly string[] =>
      watchBinding(() =>
        tf.tidy(() => {
          const draws = statelessDraws();
          draws.startPass(key);
          draws.uniform([2, 3], 'a');
          draws.normal([2, 3], 'a');
          draws.uniform([5], 'b');
        }),
      );
    const [first, second] = [uploads(11), uploads(12)];
    assert.equal(first.length, second.length);
    assert.deepEqual(
      first.filter((upload, index) => upload !== second[index]),
      [': 11'],
    );
  });
});

/** What `body` uploads, in order, as `shape: values`; reading a tensor's values throws. */
function watchBinding(body: () => void): readonly string[] {
  const backend = nodeBackend();
  const { binding } = backend;
  const uploads: string[] = [];
  backend.binding = {
    ...ownFunctions(binding),
    createTensor: (shape, dtype, values) => {
      uploads.push(`${shape.join()}: ${values.join()}`);
      return binding.createTensor(shape, dtype, values);
    },
    tensorDataSync: () => assert.fail('a tensor was read'),
  };
  try {
    body();
  } finally {
    backend.binding = binding;
  }
  return uploads;
}

/** A copy, as the addon's own properties cannot be replaced; its functions mind their `this`. */
function ownFunctions(binding: NodeBinding): NodeBinding {
  const entries = Object.getOwnPropertyNames(binding).map((name): [string, unknown] => {
    const value: unknown = binding[name as keyof NodeBinding];
    return [name, typeof value === 'function' ? (value.bind(binding) as unknown) : value];
  });
  return Object.fromEntries(entries) as unknown as NodeBinding;
}

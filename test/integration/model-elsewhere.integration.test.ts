/**
 * What a run leaves is worth what its result says, also for those who have never heard of us: Keras
 * loads the model, reads the same digits, and is right exactly as often.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Result } from '@tfjs-operator/api/result.ts';
import { startGang, testFolder } from '../gang.ts';
import { needsPython, python } from '../python.ts';
import { claims, makeVolumes, runConfigOf, topologies } from './run-config.ts';

const testSamples = 500;

test('Keras reads the test digits as the result says', needsPython(), async () => {
  await using folder = await testFolder();
  await makeVolumes(folder, { train: 1600, test: testSamples });
  await mkdir(folder.claim(claims.output));
  const runConfig = runConfigOf({
    topology: topologies.cnn,
    training: { epochs: 2 },
    spec: {
      output: { uri: `pvc://${claims.output}/model`, formats: ['keras-h5', 'layers-model'] },
    },
  });
  const ends = await (await startGang(folder, runConfig, 2)).ends;
  assert.equal(ends[0]?.code, 0, ends[0]?.log);
  const output = join(folder.claim(claims.output), 'model');
  const result = JSON.parse(await readFile(join(output, 'result.json'), 'utf8')) as Result;

  const judged = JSON.parse(
    await python(`
import json, numpy as np, keras
read = lambda name, header: np.frombuffer(open('${folder.claim(claims.data)}/' + name, 'rb').read(), np.uint8)[header:]
x = read('t10k-images-idx3-ubyte', 16).reshape(-1, 28, 28, 1) / 255.0
y = read('t10k-labels-idx1-ubyte', 8)
p = keras.models.load_model('${output}/model/model.h5', compile=False).predict(x, verbose=0)
loss = float(np.mean(-np.log(np.clip(p[np.arange(len(y)), y], 1e-7, 1))))
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (y, p.argmax(1)), 1)
print(json.dumps({'accuracy': float(np.mean(p.argmax(1) == y)), 'loss': loss, 'confusion': confusion.tolist()}))
`),
  ) as { accuracy: number; loss: number; confusion: number[][] };

  assert.equal(result.evaluation?.samples, testSamples);
  assert.equal(judged.accuracy, result.summary.accuracy);
  assert.ok(judged.accuracy > 0.7, `accuracy ${judged.accuracy}`);
  assert.ok(Math.abs(judged.loss - result.summary.loss) < 1e-4 * judged.loss);
  assert.deepEqual(judged.confusion, result.evaluation?.confusion);
});

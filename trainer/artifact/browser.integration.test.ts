/** A saved model.json loads in a real browser with the public bundles and predicts the same. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { needsChromium, withPage } from '../../test/chromium.ts';
import { assignWeights } from '../model/named-weights.ts';
import { savedModelOf } from '../model/saved-model-of.ts';
import { loadModel } from './load-model.ts';
import { predict, sampleInputs, sampleModels, trainedModel } from './sample-models.ts';
import { writeModel } from './write-model.ts';

const bundles = [
  ['@tensorflow/tfjs-core', 'tf-core.min.js'],
  ['@tensorflow/tfjs-layers', 'tf-layers.min.js'],
  ['@tensorflow/tfjs-backend-cpu', 'tf-backend-cpu.min.js'],
] as const;

/** In the page: loads each model and answers with its predictions and metadata. */
const script = `async (jobs) => {
  await tf.setBackend('cpu');
  const answers = [];
  for (const job of jobs) {
    const model = await tf.loadLayersModel(job.url);
    const inputs = job.inputs.map((values, i) => tf.tensor(values, [2, ...job.inputShapes[i]]));
    const output = model.predict(inputs.length === 1 ? inputs[0] : inputs);
    answers.push({ predictions: [...output.dataSync()], metadata: model.getUserDefinedMetadata() });
  }
  return answers;
}`;

test('a saved model.json predicts the same in Chromium', needsChromium(), async () => {
  await tf.setBackend('cpu');
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-browser-'));
  try {
    const { resolve } = createRequire(import.meta.url);
    for (const [name, file] of bundles) {
      const dist = dirname(resolve(name));
      assert.equal(basename(dist), 'dist');
      await copyFile(join(dist, file), join(folder, file));
    }
    const jobs: { url: string; inputs: number[][]; inputShapes: readonly (readonly number[])[] }[] =
      [];
    const expected: number[][] = [];
    for (const sample of sampleModels) {
      const model = trainedModel(sample.topology);
      await writeModel(join(folder, sample.name), await savedModelOf(model, sample.topology), {
        formats: ['layers-model'],
        quantization: 'none',
        metadata: { classNames: ['a', 'b'] },
        generatedBy: 'test',
      });
      expected.push(predict(model, sample));
      const url = `/${sample.name}/model.json`;
      jobs.push({ url, inputs: sampleInputs(sample), inputShapes: sample.inputShapes });
    }
    // The browser undoes quantisation as our own reader does.
    const quantized = sampleModels[0]!;
    const model = trainedModel(quantized.topology);
    const saved = await savedModelOf(model, quantized.topology);
    for (const quantization of ['float16', 'uint16', 'uint8'] as const) {
      const target = join(folder, quantization);
      await writeModel(target, saved, {
        formats: ['layers-model'],
        quantization,
        metadata: { classNames: ['a', 'b'] },
        generatedBy: 'test',
      });
      assignWeights(model, (await loadModel(target)).weights, target);
      expected.push(predict(model, quantized));
      const { inputShapes } = quantized;
      const url = `/${quantization}/model.json`;
      jobs.push({ url, inputs: sampleInputs(quantized), inputShapes });
    }
    const answers = await withPage(folder, async (page, url) => {
      await page.goto(`${url}/tf-core.min.js`);
      for (const [, file] of bundles) await page.addScriptTag({ url: `${url}/${file}` });
      await page.addScriptTag({ url: `${url}/transformer/multi-head-attention.js` });
      const absolute = jobs.map((job) => ({ ...job, url: url + job.url }));
      return page.evaluate<{ predictions: number[]; metadata: { classNames: string[] } }[]>(
        `(${script})(${JSON.stringify(absolute)})`,
      );
    });
    for (const [index, { url }] of jobs.entries()) {
      const { predictions, metadata } = answers[index]!;
      assert.deepEqual(metadata.classNames, ['a', 'b']);
      assert.equal(predictions.length, expected[index]!.length);
      predictions.forEach((value, i) => {
        const difference = Math.abs(value - expected[index]![i]!);
        assert.ok(difference <= 1e-5, `${url} [${i}] differs by ${difference}`);
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

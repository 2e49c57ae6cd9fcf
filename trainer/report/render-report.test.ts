import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'fast-png';
import { renderReport } from './render-report.ts';
import { sampleResult } from './sample-result.ts';

test('the report is one document with everything inside', () => {
  const page = renderReport(sampleResult());
  assert.doesNotMatch(page, /<script|<link|<iframe|@import|https?:|url\(/);
  for (const words of [
    'mnist-cnn',
    '99.21',
    'Accuracy by epoch',
    'Throughput by epoch',
    '1 worker',
    'Confusion matrix',
    'weakest',
    'Read wrongly',
    'Duplicate sample',
    'sha256:3fa9',
    'Not webgpu',
  ]) {
    assert.ok(page.includes(words), words);
  }
});

test('the pictures are the samples, pixel by pixel', () => {
  const result = sampleResult();
  const page = renderReport(result);
  const pictures = [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)];
  const samples = result.evaluation?.wrongSamples ?? [];
  assert.equal(pictures.length, samples.length);
  pictures.forEach(([, base64 = ''], index) => {
    const { data, width, height } = decode(Buffer.from(base64, 'base64'));
    assert.deepEqual([width, height], [28, 28]);
    assert.equal(Buffer.from(data as Uint8Array).toString('base64'), samples[index]?.pixelsBase64);
  });
});

test('samples that are no pictures, or torn ones, are listed', () => {
  const { evaluation } = sampleResult();
  const plain = { index: 5, label: 'yes', predicted: 'no', confidence: 0.75 };
  const torn = { ...plain, index: 6, shape: [28, 28, 1], pixelsBase64: 'AAAA' };
  const page = renderReport(
    sampleResult({ evaluation: { ...evaluation!, wrongSamples: [plain, torn] } }),
  );
  assert.doesNotMatch(page, /<img/);
  assert.match(page, /Samples read wrongly[\s\S]*yes[\s\S]*75\.0/);
});

test('a regression without evaluation, epochs or steps still has a page', () => {
  const { summary } = sampleResult();
  const page = renderReport(
    sampleResult({
      evaluation: null,
      history: [],
      steps: [],
      membership: [],
      summary: { ...summary, accuracy: null },
    }),
  );
  assert.match(page, /No step was recorded/);
  assert.match(page, /0\.0312[\s\S]*loss at the end of training/);
  assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
});

test('values that are not finite leave gaps, not broken charts', () => {
  const { history, steps } = sampleResult();
  const holes = history.map((record, index) => ({
    ...record,
    metrics: { ...record.metrics, val_loss: index === 1 ? Number.NaN : 0.1 },
    // What JSON makes of NaN.
    samplesPerSecond: null as unknown as number,
  }));
  const page = renderReport(
    sampleResult({ history: holes, steps: [{ step: 1, loss: Infinity }, ...steps.slice(0, 3)] }),
  );
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});

test('an unmet requirement is said in words', () => {
  const { evaluation } = sampleResult();
  const require = { accuracy: 0.999, loss: 0.1, f1: 0.5 };
  const page = renderReport(sampleResult({ evaluation: { ...evaluation!, require } }));
  const text = page.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
  assert.match(text, /Not met: accuracy at least 0\.999 \(is 0\.9921\)/);
  assert.match(text, /Met: loss at most 0\.1 \(is 0\.0312\)/);
  assert.match(text, /Not met: f1 at least 0\.5 \(is –\)/);
});

test('hundreds of classes become a list of the commonest mistakes', () => {
  const { evaluation } = sampleResult();
  const classNames = Array.from({ length: 200 }, (_, i) => `class ${i}`);
  const confusion = classNames.map((_, i) =>
    classNames.map((__, j) => (i === j ? 50 : i + 1 === j ? i : 0)),
  );
  const page = renderReport(
    sampleResult({ evaluation: { ...evaluation!, classNames, confusion } }),
  );
  assert.doesNotMatch(page, /class="heat"/);
  assert.match(page, /Commonest mistakes[\s\S]*class 198[\s\S]*class 199/);
});

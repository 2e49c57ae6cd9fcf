import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Result, Summary } from '@tfjs-operator/api/result.ts';
import { finalReport } from './final-report.ts';
import { createStyle } from './style.ts';
import { widthOf } from './width.ts';

const summary: Summary = {
  accuracy: 0.9871,
  loss: 0.0412,
  metrics: { accuracy: 0.9871, loss: 0.0412, f1: 0.98 },
  workers: 2,
  steps: 2_676,
  epochs: 6,
  seconds: 143.2,
  samplesPerSecond: 2_390.4,
  backend: 'wasm',
  allReduceBytes: 3 * 2 ** 30,
  modelDigest: `sha256:${'0123456789abcdef'.repeat(4)}`,
  outputDirectory: 'out',
  resumedFromStep: 148,
};

const evaluation: NonNullable<Result['evaluation']> = {
  split: 'test',
  samples: 10_000,
  metrics: { accuracy: 0.9871, loss: 0.0412 },
  require: { accuracy: 0.98, loss: 0.04, f1: 0.9 },
  classNames: ['zero', 'one', 'a-very-long-class-name'],
  confusion: [
    [980, 0, 1],
    [0, 1100, 40],
    [2, 0, 500],
  ],
  classes: [],
  wrongSamples: [],
};

function report(
  o: { columns?: number; isColoured?: boolean; result?: Partial<Result> } = {},
): string {
  const { columns = 100, isColoured = false, result = { evaluation } } = o;
  return finalReport({
    summary,
    result: result as Result,
    files: [['model', 'out/model']],
    columns,
    style: createStyle(process.stdout, isColoured),
  });
}

test('the workers are told with how their steps ran', () => {
  const execution = { mode: 'compiled', reason: 'its operations could be recorded' } as const;
  assert.match(report({ result: { evaluation, execution } }), /workers +│ +2 × wasm, compiled │/);
});

test('the table has every figure of the summary', () => {
  const text = report();
  for (const row of [
    /accuracy +│ +0\.9871 │/,
    /loss +│ +0\.0412 │/,
    /f1 +│ +0\.9800 │/,
    /evaluated on +│ +10,000 samples \(test\) │/,
    /trained +│ +6 epochs, 2,676 steps │/,
    /resumed from +│ +step 148 │/,
    /workers +│ +2 × wasm │/,
    /time +│ +2 min 23 s │/,
    /samples\/s +│ +2,390 │/,
    /bytes exchanged │ +3\.0 GiB │/,
    /model digest +│ +sha256:0123456789abcdef… │/,
  ]) {
    assert.match(text, row);
  }
});

test('the gate says what is met and what is not; for the loss less is better', () => {
  const text = report();
  assert.match(text, /✔ accuracy 0\.9871, required ≥ 0\.98/);
  assert.match(text, /✘ loss 0\.0412, required ≤ 0\.04/);
  assert.match(text, /✘ f1 not measured, required ≥ 0\.9/);
});

test('the confusion matrix has class names, counts, and dots for none', () => {
  const text = report();
  assert.match(text, /true \\ read │ zero │ +one │ a-very-lon/);
  assert.match(text, /│ one +│ +· │ 1100 │ +40 │/);
});

test('cells are coloured by their share of the row', () => {
  const text = report({ isColoured: true });
  assert.ok(text.includes('\u001b[32m980\u001b[39m'), 'right: green');
  assert.ok(text.includes('\u001b[31m40\u001b[39m'), 'wrong by more than 2 %: red');
  assert.ok(text.includes('\u001b[33m1\u001b[39m'), 'wrong by less: yellow');
});

test('a matrix that is wider than the terminal is left to the report', () => {
  const text = report({ columns: 40 });
  assert.equal(text.includes('true \\ read'), false);
  assert.ok(Math.max(...text.split('\n').map(widthOf)) <= 50);
});

test('without a result document there are the figures and the paths', () => {
  const text = report({ result: {} });
  assert.match(text, /accuracy/);
  assert.match(text, /model {2}out\/model$/);
  assert.equal(text.includes('required'), false);
});

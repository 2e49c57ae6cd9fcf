import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { start } from '@tfjs-operator/operator/trainingjob/testing/world.ts';
import { aView, type ViewOptions } from '../testing/views.ts';
import { frameLines } from './frame.ts';
import { createStyle } from './style.ts';
import { widthOf } from './width.ts';

const plain = createStyle(process.stdout, false);
const coloured = createStyle(process.stdout, true);

function draw(view: ViewOptions = {}, columns = 90, rows = 24): readonly string[] {
  return frameLines(aView(view), { columns, rows, style: plain, now: start + 30_000 });
}

test('the picture has the figures of the run and a row per worker', () => {
  assert.deepEqual(draw({ progress: { metrics: { val_loss: 0.6, accuracy: 0.9, loss: 0.5 } } }), [
    'mnist  training  2 workers · backend wasm · all-reduce ring',
    'epoch 1/5  ████▏░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  10 %  step 10/100  1 min 02 s left',
    'loss 0.5000  accuracy 0.9000  val_loss 0.6000  800 samples/s',
    'rank  backend                                              compute  comm  wait  samples/s',
    '   0  wasm        ████████████████████▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░    50 %  30 %  20 %        400',
    '   1  wasm        ████████████████████▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░    50 %  30 %  20 %        400',
  ]);
});

test('the picture says in a word how the step runs, once it is known', () => {
  const execution = { mode: 'compiled', reason: 'its operations could be recorded' } as const;
  const [headline] = draw({ progress: { execution } });
  assert.equal(headline, 'mnist  training  2 workers · backend wasm · compiled · all-reduce ring');
});

test('no line is wider than the terminal, whatever its width, with and without colours', () => {
  const message = 'waiting for a very slow network file system that holds the data set';
  const view = aView({
    progress: { message, metrics: { loss: 1, accuracy: 0.5, f1: 0.4, auc: 0.3 } },
  });
  for (let columns = 1; columns <= 200; columns++) {
    for (const style of [plain, coloured]) {
      const lines = frameLines(view, { columns, rows: 24, style, now: start });
      for (const line of lines) assert.ok(widthOf(line) <= columns, `${columns}: ${line}`);
    }
  }
});

test('colours change nothing but colours', () => {
  const options = { columns: 70, rows: 24, now: start };
  const view = aView();
  const withColours = frameLines(view, { ...options, style: coloured });
  const without = frameLines(view, { ...options, style: plain });
  assert.deepEqual(withColours.map(stripVTControlCharacters), without);
  assert.notDeepEqual(withColours, without);
});

test('a narrow terminal loses the bars, not the figures', () => {
  const lines = draw({}, 50);
  assert.match(lines[1] ?? '', /^epoch 1\/5 {2}10 % {2}step 10\/100 {2}1 min 02 s left$/);
  assert.match(lines.at(-1) ?? '', /wasm +50 % +30 % +20 % +400$/);
});

test('more workers than rows are counted', () => {
  const lines = draw({ replicas: 40 }, 90, 16);
  assert.ok(lines.length <= 16);
  assert.equal(lines.at(-1), '      … and 31 more workers');
});

test('before the first report only the start is told', () => {
  assert.deepEqual(draw({ progress: null }), ['mnist  starting  2 workers']);
});

test('phases, the age of the checkpoint and messages are shown', () => {
  const checkpoint = { step: 1200, uri: '', digest: '', time: new Date(start).toISOString() };
  const lines = draw({
    progress: { phase: 'evaluating', checkpoint, message: 'on the test split' },
  });
  assert.match(lines[0] ?? '', /^mnist {2}evaluating/);
  assert.equal(lines.at(-1), 'on the test split · checkpoint of step 1,200, 30 s ago');
});

test('a run that stops says what it waits for and how to end it at once', () => {
  const lines = draw({ isStopping: true });
  assert.match(lines[0] ?? '', /^mnist {2}stopping/);
  assert.match(lines.at(-1) ?? '', /writing a checkpoint; Ctrl-C again/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aView } from '../testing/views.ts';
import { createJsonDisplay } from './json-display.ts';
import { createLiveDisplay } from './live-display.ts';
import { createPlainDisplay } from './plain-display.ts';
import { createStyle } from './style.ts';

const plain = createStyle(process.stdout, false);

/** What a terminal shows after these writes: only what the live display uses is understood. */
function screen(writes: readonly string[]): readonly string[] {
  const lines: string[] = [''];
  let row = 0;
  for (const [piece, up] of writes
    .join('')
    .matchAll(/\u001b\[(\d+)A|\u001b\[[?0-9]*[a-zA-Z]|[^]/gu)) {
    if (up !== undefined) row -= Number(up);
    else if (piece === '\u001b[0J') lines.splice(row, Infinity, '');
    else if (piece === '\n') lines[++row] ??= '';
    else if (!piece.startsWith('\u001b') && piece !== '\r') lines[row] += piece;
  }
  return lines;
}

test('the live picture is redrawn in place, and sentences scroll above it', () => {
  const writes: string[] = [];
  let now = 0;
  const stream = { columns: 90, rows: 24, write: (text: string) => writes.push(text) };
  const display = createLiveDisplay(stream, plain, () => now);
  for (let step = 1; step <= 5; step++) {
    now += 1000;
    display.update(aView({ progress: { step } }));
    if (step === 3) display.note('A sentence.');
  }
  display.close();
  const lines = screen(writes);
  assert.equal(lines[0], 'A sentence.');
  assert.equal(lines.filter((line) => line.startsWith('epoch')).length, 1);
  assert.match(lines[2] ?? '', /step 5\/100/);
  assert.ok(writes.at(-1)?.endsWith('\u001b[?25h'), 'the cursor is shown again');
});

test('at most five pictures a second are drawn, and the last one is the newest', async () => {
  const writes: string[] = [];
  const stream = { columns: 90, rows: 24, write: (text: string) => writes.push(text) };
  const display = createLiveDisplay(stream, plain);
  const begin = Date.now();
  for (let step = 0; step < 50; step++) {
    display.update(aView({ progress: { step } }));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const most = Math.ceil((Date.now() - begin) / 200) + 1;
  assert.ok(writes.length <= most, `${writes.length} pictures, ${most} allowed`);
  display.close();
  assert.ok(screen(writes).some((line) => line.includes('step 49/100')));
});

test('plain lines come at new phases and epochs, else every five seconds', () => {
  const lines: string[] = [];
  let now = 0;
  const display = createPlainDisplay(
    (line) => lines.push(line),
    () => now,
  );
  for (let step = 0; step < 20; step++) {
    display.update(aView({ progress: { epoch: step < 10 ? 1 : 2, step, secondsRemaining: null } }));
    now += 1_000;
  }
  assert.deepEqual(
    lines.map((line) => /epoch (\d)\/5 {2}step (\d+)/.exec(line)?.slice(1)),
    [
      ['1', '0'],
      ['1', '5'],
      ['2', '10'],
      ['2', '15'],
    ],
  );
});

test('JSON lines come when the document moved, and notes go to the other stream', () => {
  const [out, err]: string[][] = [[], []];
  const display = createJsonDisplay({ out: (l) => out?.push(l), err: (l) => err?.push(l) });
  for (const step of [1, 1, 2, 2, 2]) display.update(aView({ progress: { step } }));
  display.update(aView({ progress: null }));
  display.note('A sentence.');
  assert.deepEqual(
    out?.map((line) => {
      const { type, step } = JSON.parse(line) as { type: string; step: number };
      return [type, step];
    }),
    [
      ['progress', 1],
      ['progress', 2],
    ],
  );
  assert.deepEqual(err, ['A sentence.']);
});

test('a worker’s bad end is told while the run goes on, its leaving and the job’s end are not', () => {
  const lines: string[] = [];
  const display = createPlainDisplay((line) => lines.push(line));
  display.event({ type: 'Warning', reason: 'WorkerEnded', message: 'Worker 1 ended.' });
  display.event({ type: 'Normal', reason: 'WorkerEnded', message: 'Worker 0 left.' });
  display.event({ type: 'Warning', reason: 'DataError', message: 'The end.' });
  display.event({ type: 'Normal', reason: 'Training', message: 'All workers are training.' });
  display.event({ type: 'Normal', reason: 'Resumed', message: 'Goes on.' });
  assert.deepEqual(lines, ['Worker 1 ended.', 'Goes on.']);
});

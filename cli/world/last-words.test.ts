import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { lastLogLines, readLastWords } from './last-words.ts';

function aFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'last-words-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), text);
  return join(folder, 'file');
}

test('the termination message wins over the log, and is cut at 4,096 bytes', (t) => {
  const log = aFile(t, 'a line');
  assert.equal(readLastWords(aFile(t, '{"reason":"DataError"}\n'), log), '{"reason":"DataError"}');
  assert.equal(readLastWords(aFile(t, 'x'.repeat(10_000)), log).length, 4096);
});

test('without a message the end of the log stands in, if it may', (t) => {
  const log = aFile(t, `${'x'.repeat(5000)}\nthe last line\n`);
  const words = readLastWords(aFile(t, ''), log);
  assert.ok(words.endsWith('the last line'));
  assert.ok(words.length <= 2048);
  assert.equal(readLastWords(aFile(t, ''), undefined), '');
  assert.equal(readLastWords('/nowhere/at/all', undefined), '');
});

test('JSON lines of a log are shown as their message, with the trace of an error', (t) => {
  const log = aFile(
    t,
    [
      '{"level":30,"msg":"first"}',
      'plain text',
      '{"level":60,"msg":"broken","err":{"stack":"Error: broken\\n    at x"}}',
      '{"cut',
    ].join('\n'),
  );
  assert.deepEqual(lastLogLines(log, 3), [
    'plain text',
    'broken\nError: broken\n    at x',
    '{"cut',
  ]);
});

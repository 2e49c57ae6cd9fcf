import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import type { TerminatedState } from './kubernetes.ts';
import { parseLastWords, terminationsOf, type Termination } from './terminations.ts';
import { World } from './testing/world.ts';

function ended(exitCode: number, message?: string, more?: Partial<TerminatedState>): Termination {
  const [termination] = terminationsOf(new World().end(3, exitCode, message, more).pods());
  assert.ok(termination);
  return termination;
}

test('every exit code of the table has its reason and its answer to "try again?"', () => {
  for (const [reason, { code, isRetryable }] of Object.entries(exitStatuses)) {
    const termination = ended(code);
    assert.equal(termination.reason, reason);
    assert.equal(termination.isRetryable, isRetryable, reason);
  }
});

test('a code that is none of ours can be tried again', () => {
  assert.deepEqual([ended(77).reason, ended(77).isRetryable], ['AppError', true]);
  assert.equal(
    ended(77).message,
    'Worker 3 ended with exit code 77 and left no message; its log says more.',
  );
});

test('a death by signal is named', () => {
  assert.equal(ended(139).reason, 'Killed');
  assert.equal(ended(139).message, 'Worker 3 was killed by SIGSEGV.');
});

test('memory that ran out is said with the way out, whatever the worker said before', () => {
  const termination = ended(137, 'half a sentence', { reason: 'OOMKilled' });
  assert.equal(termination.reason, 'OOMKilled');
  assert.match(termination.message, /memory.*workers\.resources.*batchSize/);
});

test('last words are JSON with a sentence, or text whose last line is it', () => {
  assert.deepEqual(parseLastWords('{"reason":"DataError","message":"No."}'), {
    reason: 'DataError',
    message: 'No.',
  });
  assert.deepEqual(parseLastWords('Trace:\n  at x\nout of file handles\n'), {
    message: 'out of file handles',
  });
  assert.deepEqual(parseLastWords(undefined), {});
  assert.deepEqual(parseLastWords('  '), {});
});

test('JSON that was cut off at the limit is still shown', () => {
  assert.deepEqual(parseLastWords('{"reason":"Data'), { message: '{"reason":"Data' });
});

test('the end of a structured log gives its sentence', () => {
  const log = '{"level":30,"msg":"gang complete"}\n{"level":60,"msg":"out of file handles"}\n';
  assert.deepEqual(parseLastWords(log), { message: 'out of file handles' });
  assert.deepEqual(parseLastWords('{"level":60,"msg":"alone"}'), { message: 'alone' });
});

test('a killed worker is not quoted with the end of its log', () => {
  assert.equal(ended(137, 'step 7 done').message, 'Worker 3 was killed by SIGKILL.');
  const own = JSON.stringify({ reason: 'InternalError', message: 'The addon crashed.' });
  assert.equal(ended(134, own).message, 'The addon crashed.');
});

test('JSON that is no last words gives no sentence', () => {
  assert.deepEqual(parseLastWords('{"level":30,"time":1}'), {});
});

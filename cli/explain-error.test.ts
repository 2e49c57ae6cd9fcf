import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { explainError, usageSentence } from './explain-error.ts';

test('a failure keeps its sentence, reason and code', () => {
  assert.deepEqual(explainError(new Failure('DataError', 'The file is cut off.')), {
    reason: 'DataError',
    message: 'The file is cut off.',
    exitCode: 11,
    isSaid: false,
  });
});

test('an error of the operating system is a sentence with the path, not a fault of ours', () => {
  const error = caught(() => readFileSync('/no/such/file'));
  assert.deepEqual(explainError(error), {
    reason: 'StorageError',
    message:
      '/no/such/file cannot be used: it does not exist; put that right and run the command again.',
    exitCode: 16,
    isSaid: false,
  });
});

test('anything else is a fault to report, with its stack', () => {
  const explanation = explainError(new TypeError('x is not a function'));
  assert.equal(explanation?.exitCode, 1);
  assert.match(explanation.message, /please report it: TypeError: x is not a function\n {4}at /);
});

test('a wrong command line names the nearest word, or where help is', () => {
  assert.equal(
    usageSentence("error: unknown option '--fersh'\n(Did you mean --fresh?)\n"),
    "unknown option '--fersh'; did you mean --fresh?",
  );
  assert.equal(
    usageSentence("error: missing required argument 'file'\n"),
    "missing required argument 'file'; see tfjsctl --help.",
  );
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

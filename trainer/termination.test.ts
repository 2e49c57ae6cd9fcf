import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { encodeTermination, terminationOf } from './termination.ts';

test('a Failure ends with its reason and its sentence', () => {
  assert.deepEqual(terminationOf(new Failure('DataError', 'File a.csv, row 3 is short.')), {
    reason: 'DataError',
    message: 'File a.csv, row 3 is short.',
  });
});

test('any other error is a fault of the trainer, in one line', () => {
  const { reason, message } = terminationOf(new TypeError('x is undefined\n    at y'));
  assert.equal(reason, 'InternalError');
  assert.doesNotMatch(message, /\n/);
  assert.match(message, /x is undefined/);
});

test('a termination message never exceeds what Kubernetes keeps and stays valid JSON', () => {
  for (const message of ['é"\\'.repeat(3_000), '\u0000'.repeat(2_000), 'short']) {
    const text = encodeTermination({ reason: 'BadConfig', message });
    assert.ok(Buffer.byteLength(text) <= 4_096, `${Buffer.byteLength(text)}`);
    assert.equal((JSON.parse(text) as { reason: string }).reason, 'BadConfig');
  }
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { stagedTensorflow, tensorflowHome } from './staged-tensorflow.ts';

test('the variable names the folder, and an empty one none at all', () => {
  assert.equal(tensorflowHome('/opt/tensorflow'), '/opt/tensorflow');
  assert.equal(tensorflowHome(''), undefined);
});

test('without it there is what was installed for this checkout, or nothing', () => {
  const expected = existsSync(stagedTensorflow) ? stagedTensorflow : undefined;
  assert.equal(tensorflowHome(undefined), expected);
});

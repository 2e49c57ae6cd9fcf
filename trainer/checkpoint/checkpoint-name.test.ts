import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestFirst, nextCheckpointName, parseCheckpointName } from './checkpoint-name.ts';

test('checkpoints are ordered by step and then by version, as numbers', () => {
  const folders = ['step-9', 'step-10.2', 'lost+found', 'step-10', 'step-10.10', 'step-x'];
  const names = newestFirst(folders).map((name) => name.folder);
  assert.deepEqual(names, ['step-10.10', 'step-10.2', 'step-10', 'step-9']);
});

test('a folder that no trainer made is not taken for a checkpoint', () => {
  for (const folder of ['step-', 'step-1.', 'step--1', 'Step-1', 'step-1 copy', '.saving-step-1']) {
    assert.equal(parseCheckpointName(folder), undefined);
  }
});

test('a second checkpoint of a step gets a name of its own', () => {
  assert.equal(nextCheckpointName(5, ['step-4']).folder, 'step-5');
  assert.equal(nextCheckpointName(5, ['step-5']).folder, 'step-5.1');
  assert.equal(nextCheckpointName(5, ['step-5.7']).folder, 'step-5.8');
});

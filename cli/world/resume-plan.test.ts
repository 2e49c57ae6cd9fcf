import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '@tfjs-operator/api/failure.ts';
import { planResume, type ResumeInput } from './resume-plan.ts';

const digest = 'sha256:now';

function plan(input: Partial<ResumeInput> = {}): string {
  try {
    const { isContinued, removesCheckpoints } = planResume({
      directory: '/runs/volumes/out/checkpoints',
      newest: { step: 7, runConfigDigest: digest },
      isOurs: true,
      record: { uid: 'u', runConfigDigest: digest, outcome: 'Interrupted' },
      runConfigDigest: digest,
      isFresh: false,
      ...input,
    });
    if (removesCheckpoints) return 'removes, starts anew';
    return isContinued ? 'goes on' : 'starts anew';
  } catch (error) {
    return (error as Failure).reason;
  }
}

const record = (outcome: string): ResumeInput['record'] => ({
  uid: 'u',
  runConfigDigest: digest,
  outcome,
});

test('without checkpoints there is nothing to go on from', () => {
  assert.equal(plan({ directory: undefined }), 'starts anew');
  assert.equal(plan({ newest: undefined }), 'starts anew');
  assert.equal(plan({ newest: undefined, isFresh: true }), 'starts anew');
});

test('after an interruption, a crash or a failure the run goes on', () => {
  for (const outcome of ['Interrupted', 'Running', 'InternalError', 'StorageError', 'DataError']) {
    assert.equal(plan({ record: record(outcome) }), 'goes on', outcome);
  }
  assert.equal(plan({ record: undefined }), 'goes on');
});

test('after a complete run it starts anew, also with a changed configuration', () => {
  assert.equal(plan({ record: record('Complete') }), 'removes, starts anew');
  assert.equal(plan({ record: record('RequirementUnmet') }), 'removes, starts anew');
  assert.equal(plan({ record: record('Complete'), runConfigDigest: 'x' }), 'removes, starts anew');
});

test('nothing is deleted that is not below the runs folder', () => {
  assert.equal(plan({ record: record('Complete'), isOurs: false }), 'goes on');
  assert.equal(plan({ isFresh: true, isOurs: false }), 'UsageError');
});

test('an unfinished run with another configuration is never thrown away silently', () => {
  assert.equal(plan({ runConfigDigest: 'x' }), 'CheckpointError');
  assert.equal(plan({ runConfigDigest: 'x', isFresh: true }), 'removes, starts anew');
});

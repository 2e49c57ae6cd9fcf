import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blame } from './blame.ts';
import { createAwakeClock } from './awake-clock.ts';
import { chooseAlgorithm } from './choose-algorithm.ts';
import { chunkCount, chunkSpan, partSpan } from './partition.ts';

const mebibyte = 1 << 20;

test('auto takes direct for few workers or small buckets, else the ring, and says why', () => {
  assert.equal(chooseAlgorithm('auto', 2, 64 * mebibyte).name, 'direct');
  assert.equal(chooseAlgorithm('auto', 4, 64 * mebibyte).name, 'direct');
  assert.equal(chooseAlgorithm('auto', 8, mebibyte / 2).name, 'direct');
  const choice = chooseAlgorithm('auto', 8, 16 * mebibyte);
  assert.equal(choice.name, 'ring');
  assert.match(choice.reason, /8 workers/);
  assert.deepEqual(chooseAlgorithm('ring', 2, 1), {
    name: 'ring',
    reason: 'allReduce.algorithm names it',
  });
});

test('parts and chunks cover a bucket once, whatever its length', () => {
  for (const length of [0, 1, 7, 64, 1001]) {
    let next = 0;
    for (let part = 0; part < 8; part += 1) {
      const span = partSpan(length, 8, part);
      for (let chunk = 0; chunk < chunkCount(span, 10); chunk += 1) {
        const { start, end } = chunkSpan(span, 10, chunk);
        assert.equal(start, next);
        assert.ok(end > start);
        next = end;
      }
    }
    assert.equal(next, length);
  }
});

test('who is silent is to blame before who has not begun, and both before who owes', () => {
  const stall = {
    what: 'the barrier of step 1',
    timeoutSeconds: 5,
    silent: [3],
    absent: [1, 3],
    owing: [0],
  };
  assert.equal(blame(stall).culprit, 3);
  assert.equal(blame({ ...stall, silent: [] }).culprit, 1);
  assert.match(blame({ ...stall, silent: [] }).message, /^Workers 1 and 3 did not begin/);
  assert.equal(blame({ ...stall, silent: [], absent: [] }).culprit, 0);
});

test('time in which the process itself was stopped does not count', () => {
  let time = 0;
  const clock = createAwakeClock(1, () => time);
  for (const now of [1, 2, 1000, 1001]) {
    time = now;
    clock.tick();
  }
  assert.equal(clock.now(), 5);
});

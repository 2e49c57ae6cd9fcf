import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALIGNMENT_FLOATS, planBuckets, withStateRegion } from './plan-buckets.ts';

const KIB = 256; // floats
const variables = [
  { name: 'a', shape: [KIB, 300] },
  { name: 'b', shape: [KIB] },
  { name: 'c', shape: [KIB, 10] },
  { name: 'd', shape: [] },
];

test('gradients lie in the reverse of the model order, in one run per bucket', () => {
  const { buckets } = planBuckets(variables, 1 << 20, [{ name: 'sums', shape: [7] }]);
  assert.deepEqual(
    buckets.map((bucket) => bucket.variables.map(({ name }) => name)),
    [['d', 'c', 'b'], ['a'], ['sums']],
  );
  for (const bucket of buckets) {
    let offset = bucket.offset;
    for (const variable of bucket.variables) {
      assert.equal(variable.offset, offset);
      offset += variable.length;
    }
    assert.equal(offset, bucket.offset + bucket.length);
  }
});

test('buckets start at aligned places and never overlap', () => {
  const layout = planBuckets(variables, 4 * KIB * 4, [{ name: 'sums', shape: [7] }]);
  let end = 0;
  for (const { offset, length, index } of layout.buckets) {
    assert.equal(offset % ALIGNMENT_FLOATS, 0);
    assert.ok(offset >= end);
    assert.equal(layout.buckets[index]?.offset, offset);
    end = offset + length;
  }
  assert.ok(layout.floats >= end);
});

test('the first bucket closes early, a variable above the limit has a bucket of its own', () => {
  const many = Array.from({ length: 40 }, (_, i) => ({ name: `v${i}`, shape: [64 * KIB] }));
  const { buckets } = planBuckets([{ name: 'large', shape: [2000 * KIB] }, ...many], 1 << 20);
  assert.equal(buckets[0]?.length, 256 * KIB);
  assert.equal(buckets[1]?.length, 1024 * KIB);
  assert.deepEqual(buckets.at(-2)?.variables, [
    { name: 'large', shape: [2000 * KIB], offset: buckets.at(-2)?.offset, length: 2000 * KIB },
  ]);
});

test('there is a sums bucket, empty or not, and the state lies behind it', () => {
  const layout = withStateRegion(planBuckets([{ name: 'a', shape: [3] }], 1024), 100);
  assert.equal(layout.buckets.length, 2);
  assert.equal(layout.buckets[1]?.length, 0);
  assert.ok(layout.state.offset >= 3);
  assert.ok(layout.floats >= layout.state.offset + 100);
});

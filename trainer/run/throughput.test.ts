import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Throughput } from './throughput.ts';

test('the rate is 0 until time has passed', () => {
  const throughput = new Throughput();
  assert.equal(throughput.rate(), 0);
  throughput.add(5, 100);
  assert.equal(throughput.rate(), 0);
});

test('a steady stream has its own rate', () => {
  const throughput = new Throughput();
  for (let second = 0; second < 100; second++) throughput.add(second, 50);
  assert.equal(throughput.rate(), 50);
});

test('what lies more than ten seconds back is forgotten', () => {
  const throughput = new Throughput();
  for (let second = 0; second < 20; second++) throughput.add(second, 1000);
  for (let second = 20; second < 40; second++) throughput.add(second, 10);
  assert.equal(throughput.rate(), 10);
});

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { stopSignalsOf } from './stop-signals.ts';

test('each of SIGINT, SIGTERM and SIGHUP asks to stop', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    const source = new EventEmitter();
    const { stop, kill } = stopSignalsOf(source, []);
    source.emit(signal);
    assert.deepEqual([stop.aborted, kill.aborted], [true, false], signal);
  }
});

test('the same Ctrl-C seen twice is one; a later one kills', () => {
  const source = new EventEmitter();
  let now = 1_000;
  const { stop, kill } = stopSignalsOf(source, [], () => now);
  source.emit('SIGINT');
  now += 100;
  source.emit('SIGINT');
  assert.deepEqual([stop.aborted, kill.aborted], [true, false]);
  now += 1_000;
  source.emit('SIGINT');
  assert.equal(kill.aborted, true);
});

test('output that nobody reads any more asks to stop, and never kills', () => {
  const output = new EventEmitter();
  const { stop, kill } = stopSignalsOf(new EventEmitter(), [output]);
  output.emit('error', new Error('EPIPE'));
  output.emit('error', new Error('EPIPE'));
  assert.deepEqual([stop.aborted, kill.aborted], [true, false]);
});

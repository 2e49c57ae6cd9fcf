import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemorySample } from './memory-process.ts';
import { hasLeaked, renderReport, type Watched } from './report.ts';

function sampleAt(step: number, mebibytes: number, nativeTensors: number): MemorySample {
  const usedBytes = mebibytes * 1024 * 1024;
  return {
    ...{ step, mode: 'compiled', nativeTensors, usedBytes, residentBytes: 2 * usedBytes },
    ...{ tensors: 7, dataBuffers: 7, bytes: 28 },
  };
}

test('a report shows growth of the second half, and tells a leak from a process that settles', () => {
  const settles: Watched = {
    way: 'tensorflow compiled',
    samples: [sampleAt(0, 100, 3), sampleAt(1000, 150, 3), sampleAt(2000, 150.5, 3)],
  };
  const leaks: Watched = {
    way: 'tensorflow eager',
    samples: [sampleAt(0, 100, 3), sampleAt(1000, 100, 4), sampleAt(2000, 100, 5)],
  };
  const watched = [settles, leaks];
  const report = renderReport({ date: '2026-11-23', processor: 'one', model: 'mlp', watched });
  assert.match(report, /^\| 1000 \| 300\.0, 150\.0 \(7, 3\) \| 200\.0, 100\.0 \(7, 4\) \|$/m);
  assert.match(report, /compiled: 0 tensors and 0 native tensors more after 2000 steps; 0\.50 MiB/);
  assert.deepEqual(watched.map(hasLeaked), [false, true]);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines, type EngineName } from './engines.ts';
import type { Measurement } from './measure.ts';
import { renderReport, type Conditions } from './report.ts';
import { rowOf } from './rows.ts';

const peers = new Set<EngineName>(['keras', 'torch', 'torchCompile']);

function measured(engine: EngineName, rounds: readonly number[]): Measurement {
  const prepared = {
    version: '1.0',
    way: engine === 'keras' ? 'tf.function' : '',
    parameters: 10,
    firstStepMs: 200,
    losses: [2.3, 1.2],
  };
  const figures = {
    cpuRounds: rounds.map((ms) => 2 * ms),
    steps: 20,
    lastLoss: 0.5,
    peakBytes: 3 * 2 ** 20,
  };
  return { status: 'measured', engine, prepared, rounds, ...figures };
}

const measurements: readonly Measurement[] = [
  measured('ours', [8, 16, 8]),
  measured('keras', [10, 20, 10]),
  measured('torch', [9, 32, 4]),
  { status: 'unavailable', engine: 'torchCompile', reason: 'it needs a compiler' },
];

const conditions: Conditions = {
  date: '2026-01-02',
  processor: 'Z80',
  processors: 2,
  threads: 2,
  rounds: 3,
  seconds: 1,
  load: [0.1, 2],
};

describe('a row', () => {
  test('has medians over rounds, paired ratios, and the fastest mode of any peer', () => {
    const row = rowOf('mlp', measurements, peers);
    assert.deepEqual(
      [row.model, row.ours, row.keras, row.torch, row.ratioKeras],
      ['mlp', 8, 10, 9, 0.8],
    );
    assert.equal(row.best, 'torch');
    assert.equal(row.ratioBest, 8 / 9);
    assert.deepEqual(row.cpu, { ours: 16, keras: 20, torch: 18 });
    assert.deepEqual(row.rss, { ours: 3, keras: 3, torch: 3 });
    assert.deepEqual(row.missing, { torchCompile: 'it needs a compiler' });
  });

  test('says null where there is no measurement, never a ratio to nothing', () => {
    const row = rowOf('mlp', measurements.slice(1), peers);
    assert.deepEqual([row.ours, row.wasm, row.ratioKeras, row.ratioBest], [null, null, null, null]);
    assert.ok(JSON.stringify(row).includes('"torchCompile":null'));
  });
});

describe('the report', () => {
  const shown = engines.filter(({ name }) => name === 'ours' || peers.has(name));
  const report = renderReport([rowOf('mlp', measurements, peers)], shown, conditions);

  test('has a table of times with ratios, aligned', () => {
    const lines = report.split('\n');
    const start = lines.indexOf('## Milliseconds per step') + 2;
    assert.deepEqual(lines.slice(start, start + 3), [
      '| model | ours | Keras | PyTorch | PyTorch, compile | ours / Keras | ours / best peer |',
      '| ----- | ---: | ----: | ------: | ---------------: | -----------: | ---------------: |',
      '| mlp   | 8.00 | 10.00 |    9.00 |                – |         0.80 |   0.89 (PyTorch) |',
    ]);
  });

  test('says under what conditions, in which way, and what is missing why', () => {
    assert.match(report, /2026-01-02, Z80, 2 processors, load 0\.10 before and 2\.00 after/);
    assert.match(report, /## Ways\n\n- mlp, keras: tf\.function\n/);
    assert.match(report, /## Not measured\n\n- mlp, torchCompile: it needs a compiler$/);
    assert.match(report, /\| mlp +\| 2\.300 → 1\.200 \|/);
  });
});

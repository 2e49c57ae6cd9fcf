import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderReport } from './report.ts';

const conditions = { date: '2026-11-23', processor: 'a processor', epochs: 2 };

test('a report says whether the mean lies within what Keras reaches', () => {
  const report = renderReport({
    ...conditions,
    losses: [],
    digits: [
      { engine: 'keras', accuracies: [0.99, 0.98] },
      { engine: 'tensorflow', accuracies: [0.97, 0.995] },
      { engine: 'wasm', accuracies: [0.97, 0.97] },
    ],
  });
  assert.doesNotMatch(report, /## Losses/);
  assert.match(report, /^\| keras \| 2 \| 0\.9800 \| 0\.9850 \| 0\.9900 \| {2}\|$/m);
  assert.match(report, /^\| tensorflow \| 2 \| 0\.9700 \| 0\.9825 \| 0\.9950 \| yes \|$/m);
  assert.match(report, /^\| wasm \| 2 \| 0\.9700 \| 0\.9700 \| 0\.9700 \| no \|$/m);
  assert.match(report, /after 2 epochs/);
});

test('a report puts our difference beside that of Keras with itself', () => {
  const report = renderReport({
    ...conditions,
    digits: [],
    losses: [
      {
        ...{ model: 'mlp', kind: 'as it is', batchSize: 128, lastLoss: 0.25 },
        ...{ ours: 4.2e-3, keras: [1e-7, 5.1e-3], leftAt: { ours: 60, keras: null } },
      },
    ],
  });
  assert.match(
    report,
    /\| mlp \| as it is \| 128 \| 4\.2e-3 \| 1\.0e-7, 5\.1e-3 \| step 60 \| never \| 0\.250 \|/,
  );
});

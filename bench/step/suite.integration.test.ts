/** The whole suite once, on the tests' own TensorFlow: one network, one short round. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pythonBinary } from '../../test/python.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../../test/tensorflow-addon.ts';
import type { ModelRow } from './rows.ts';
import { stepSuite } from './suite.ts';

const engines = ['eager', 'keras'] as const;
/** Of a step of the smallest network: tells a time per step from one per burst or in seconds. */
const plausibleMs = { least: 0.1, most: 10_000 };

test(
  'measures ours and Keras side by side, in a table and in JSON',
  needsTensorflowAddon(),
  async () => {
    const folder = temporaryFolder('tfjs-bench-test-');
    const printed: string[] = [];
    const args = ['--models=mlp', `--engines=${engines.join(',')}`, '--rounds=1', '--seconds=0.1'];
    const code = await stepSuite([...args, '--json', '--save'], {
      print: (text) => printed.push(text),
      progress: () => undefined,
      env: process.env,
      date: new Date('2026-01-02'),
      processor: 'Zilog Z80 (2.5 MHz)',
      processors: 2,
      load: () => 0,
      node: [process.execPath, ...process.execArgv],
      python: pythonBinary,
      tensorflowHome: tensorflowAddon,
      temporaryFolder: folder,
      resultsFolder: join(folder, 'results'),
    });
    const output = printed.join('');
    assert.equal(code, 0, output);
    assert.match(output, /^# Training step\n/);

    const rows = JSON.parse(output.trimEnd().split('\n').at(-1)!) as ModelRow[];
    assert.equal(rows.length, 1);
    const row = rows[0]!;
    assert.deepEqual(
      [row.model, row.ours, row.torch, row.ratioKeras, row.best],
      ['mlp', null, null, null, 'keras'],
    );
    for (const engine of engines) {
      const time = row[engine]!;
      assert.ok(time > plausibleMs.least && time < plausibleMs.most, `${engine}: ${time}`);
      assert.ok(row.cpu[engine]! > plausibleMs.least, `${engine}: ${row.cpu[engine]}`);
      assert.ok(row.rss[engine]! > 100, `${engine}: ${row.rss[engine]} MiB`);
      const losses = row.losses[engine]!;
      assert.ok(losses.at(-1)! < losses[0]!, `${engine}: ${losses.join(' ')}`);
    }
    // The same network: 784 x 512 + 512, 512 x 512 + 512, 512 x 10 + 10.
    assert.deepEqual(row.parameters, { eager: 669_706, keras: 669_706 });
    const library = /TensorFlow (2\.\d+\.\d+)/;
    assert.equal(library.exec(row.versions.eager!)?.[1], library.exec(row.versions.keras!)?.[1]);

    const kept = 'step-2026-01-02-zilog-z80-2-5-mhz';
    assert.deepEqual(await readdir(folder), ['results'], 'batches were deleted');
    assert.deepEqual((await readdir(join(folder, 'results'))).toSorted(), [
      `${kept}.json`,
      `${kept}.md`,
    ]);
    const raw = await readFile(join(folder, 'results', `${kept}.json`), 'utf8');
    assert.deepEqual((JSON.parse(raw) as { rows: unknown }).rows, rows);
  },
);

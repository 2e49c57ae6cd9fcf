import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Registry } from 'prom-client';
import { cached } from '../../scripts/cache.ts';
import { trainerMetrics } from './trainer-metrics.ts';

const run = promisify(execFile);

/** The promtool of Debian's package, unpacked into the cache: nothing is installed. */
function promtool(): Promise<string> {
  return cached('promtool', [process.arch, 'apt-1'], async (target) => {
    await run('apt-get', ['download', 'prometheus'], { cwd: target });
    const [archive = ''] = (await readdir(target)).filter((name) => name.endsWith('.deb'));
    await run('dpkg', ['-x', archive, '.'], { cwd: target });
  });
}

test('promtool finds nothing to say about the exposition', async (t) => {
  let folder: string;
  try {
    folder = await promtool();
  } catch (error) {
    t.skip(`promtool cannot be had: ${(error as Error).message.split('\n', 1)[0]}`);
    return;
  }
  const registry = new Registry();
  const metrics = trainerMetrics(registry);
  metrics.setBuild({ version: '0.1.0', backend: 'wasm' });
  metrics.setFigures({ accuracy: 0.5, val_loss: Number.NaN });
  const tool = spawn(join(folder, 'usr', 'bin', 'promtool'), ['check', 'metrics']);
  let said = '';
  for (const stream of [tool.stdout, tool.stderr])
    stream.on('data', (part) => (said += String(part)));
  tool.stdin.end(await registry.metrics());
  const code = await new Promise((resolve) => tool.on('close', resolve));
  assert.deepEqual([code, said], [0, '']);
});

/**
 * Writes the checked-in files that are derived from others. With `--check` it writes nothing, names
 * each file that differs from what it would write, and ends with 1.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateFiles } from '../api/generate.ts';
import { browserLayers, browserLayersFile } from './browser-layers.ts';
import { metricsPage, metricsReference } from './metrics-reference.ts';

const root = join(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');

async function derivedFiles(): Promise<ReadonlyMap<string, string>> {
  const files = [...(await generateFiles())].map(([href, text]) => [fileURLToPath(href), text]);
  const own = [
    [metricsPage, await metricsReference()],
    [browserLayersFile, await browserLayers()],
  ];
  return new Map([...files, ...own] as [string, string][]);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

for (const [file, text] of await derivedFiles()) {
  if (readIfThere(file) === text) continue;
  const said = isCheck ? 'is out of date: run npm run generate' : 'written';
  process.stdout.write(`${relative(root, file)} ${said}\n`);
  if (isCheck) {
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

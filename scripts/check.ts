/**
 * The everyday check: types, lint, import boundaries, format, generated files and unit tests, two at
 * a time; `--static` leaves the tests out. Prints a line per step with its time, and a failed step's whole output.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { styleText } from 'node:util';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const root = join(import.meta.dirname, '..');
/** A tool of node_modules, run by this very Node whatever the one on the PATH is. */
const tool = (path: string): readonly string[] => [process.execPath, join('node_modules', path)];
const packages = ['api', 'operator', 'trainer', 'cli', 'test', 'bench', 'scripts'];

/** The longest first, so that the two lanes end together. */
const steps: readonly Step[] = [
  { name: 'unit tests', command: [process.execPath, 'test/run.ts', '--unit', '--quiet'] },
  {
    name: 'lint',
    command: [
      ...tool('eslint/bin/eslint.js'),
      '--cache',
      '--cache-location',
      '.cache/eslint/',
      ...packages,
    ],
  },
  { name: 'types', command: [...tool('typescript/bin/tsc'), '-p', '.'] },
  {
    name: 'boundaries',
    command: [
      ...tool('dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      ...packages,
    ],
  },
  {
    name: 'format',
    command: [
      ...tool('prettier/bin/prettier.cjs'),
      '--check',
      '--cache',
      '--cache-location',
      '.cache/prettier',
      '.',
    ],
  },
  { name: 'generated files', command: [process.execPath, 'scripts/generate.ts', '--check'] },
];

/** Runs one step; resolves to whether it passed. */
async function runStep(step: Step): Promise<boolean> {
  const started = performance.now();
  const output: Buffer[] = [];
  const [program = '', ...args] = step.command;
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (part: Buffer) => output.push(part));
  child.stderr.on('data', (part: Buffer) => output.push(part));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const mark = code === 0 ? styleText('green', '✔') : styleText('red', '✖');
  process.stdout.write(`${mark} ${step.name} (${seconds} s)\n`);
  if (code !== 0) process.stdout.write(`${Buffer.concat(output).toString('utf8')}\n`);
  return code === 0;
}

const isStatic = process.argv.includes('--static');
const queue = steps.filter(({ name }) => !(isStatic && name === 'unit tests'));
let passed = true;
async function lane(): Promise<void> {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    if (!(await runStep(step))) passed = false;
  }
}
await Promise.all([lane(), lane()]);
process.exitCode = passed ? 0 : 1;

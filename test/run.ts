/**
 * Runs the tests. `x.test.ts` beside the code is a unit test (npm alone, fast); a file named
 * `x.integration.test.ts` may use Python, a browser, child processes or more time.
 *
 *   test/run.ts            static checks, then every test
 *   test/run.ts --unit     unit tests, without those that ask Python or a browser
 *   test/run.ts --quiet    dots instead of names
 *
 * What a test needs beyond npm is set up here. Where that cannot be done, those tests are reported
 * as skipped with the reason; with CI=true a missing component, or any skipped test, is a failure.
 */
import { execFile, spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { dot, spec } from 'node:test/reporters';
import { promisify } from 'node:util';
import { chromiumBinary } from './chromium.ts';
import { pythonBinary } from './python.ts';
import { tensorflowAddon } from './tensorflow-addon.ts';

const root = join(import.meta.dirname, '..');
const isCi = process.env['CI'] === 'true';
const arguments_ = new Set(process.argv.slice(2));
const isUnit = arguments_.has('--unit');

async function testFiles(kind: 'unit' | 'integration'): Promise<string[]> {
  const found = await Array.fromAsync(
    glob('{api,operator,trainer,cli,test,bench,scripts}/**/*.test.ts', {
      cwd: root,
      exclude: (name) => name === 'node_modules',
    }),
  );
  const isIntegration = (file: string): boolean => file.endsWith('.integration.test.ts');
  return found
    .filter((file) => isIntegration(file) === (kind === 'integration'))
    .sort()
    .map((file) => join(root, file));
}

/** Runs the files in processes of their own, two at a time; returns whether all passed. */
async function runTests(files: string[]): Promise<boolean> {
  let passed = true;
  const events = run({
    files,
    cwd: root,
    concurrency: 2,
    isolation: 'process',
    timeout: 10 * 60_000,
  });
  events.on('test:fail', () => (passed = false));
  events.on('test:summary', (summary) => {
    if (summary.file === undefined && isCi && !isUnit && summary.counts.skipped > 0) {
      process.stderr.write(
        `${summary.counts.skipped} test(s) were skipped, which CI does not allow.\n`,
      );
      passed = false;
    }
  });
  const report = arguments_.has('--quiet') ? events.compose(dot) : events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
  return passed;
}

/** Makes a component available; in CI its absence is an error, elsewhere a reason to skip. */
async function prepare(
  name: string,
  variable: string,
  setUp: () => Promise<unknown>,
): Promise<void> {
  try {
    await setUp();
  } catch (error) {
    const reason = `${name} is not available: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
    if (isCi) throw new Error(reason, { cause: error });
    process.stderr.write(`${reason}; tests that need it will be skipped.\n`);
    process.env[variable] = reason;
  }
}

async function installChromium(): Promise<void> {
  if (await chromiumBinary()) return;
  if (process.getuid?.() !== 0) {
    throw new Error('no Chromium found and only root can install it; install the package chromium');
  }
  process.stderr.write('Installing Chromium with apt-get…\n');
  const apt = promisify(execFile);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await apt('apt-get', ['update', '-qq'], { env, maxBuffer: 1 << 26 });
  await apt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
    env,
    maxBuffer: 1 << 26,
  });
  if (!(await chromiumBinary())) throw new Error('apt-get installed no chromium');
}

async function staticChecks(): Promise<boolean> {
  const child = spawn(process.execPath, ['scripts/check.ts', '--static'], {
    cwd: root,
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0));
  });
}

async function unitTests(): Promise<boolean> {
  const reason = 'asks an independent judge: npm test runs it';
  process.env['TFJS_TEST_NO_PYTHON'] = reason;
  process.env['TFJS_TEST_NO_CHROMIUM'] = reason;
  process.env['TFJS_TEST_NO_TENSORFLOW'] = reason;
  return runTests(await testFiles('unit'));
}

async function everyTest(): Promise<boolean> {
  await prepare('Chromium', 'TFJS_TEST_NO_CHROMIUM', installChromium);
  await prepare('The Python environment', 'TFJS_TEST_NO_PYTHON', async () => {
    process.stderr.write('Preparing the Python environment (about a minute the first time)…\n');
    await pythonBinary();
  });
  await prepare("TensorFlow's addon", 'TFJS_TEST_NO_TENSORFLOW', tensorflowAddon);
  const isClean = await staticChecks();
  const passed = await runTests([
    ...(await testFiles('unit')),
    ...(await testFiles('integration')),
  ]);
  return isClean && passed;
}

// Tests take TensorFlow where they ask for it, not where a person has staged it for this checkout.
process.env['TFJS_TENSORFLOW_HOME'] ??= '';
process.exitCode = (await (isUnit ? unitTests() : everyTest())) ? 0 : 1;

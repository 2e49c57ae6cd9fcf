/**
 * The independent source of truth of many tests: real TensorFlow, Keras, numpy and grpcio from
 * pinned wheels, in a virtual environment that is built once and cached by its requirements.
 */
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cached } from '../scripts/cache.ts';

const run = promisify(execFile);
const requirements = join(import.meta.dirname, 'requirements.txt');

/** Path of the environment's Python; builds the environment on first use (about a minute). */
export async function pythonBinary(): Promise<string> {
  const folder = await cached(
    'python',
    [await readFile(requirements, 'utf8'), process.arch, 'venv-1'],
    async (target) => {
      await run('python3', ['-m', 'venv', target]);
      await run(
        join(target, 'bin', 'pip'),
        ['install', '--quiet', '--disable-pip-version-check', '--requirement', requirements],
        { maxBuffer: 1 << 26 },
      );
    },
  );
  return join(folder, 'bin', 'python');
}

/**
 * Runs Python code and returns what it printed to standard output.
 * @throws Error with the end of standard error where the code fails.
 */
export async function python(
  code: string,
  options: { readonly cwd?: string } = {},
): Promise<string> {
  const child = spawn(await pythonBinary(), ['-'], {
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      TF_CPP_MIN_LOG_LEVEL: '3',
      TF_ENABLE_ONEDNN_OPTS: '0',
      CUDA_VISIBLE_DEVICES: '',
    },
  });
  child.stdin.end(code);
  const [output, errors, code_] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    }),
  ]);
  if (code_ !== 0) throw new Error(`Python ended with ${code_}:\n${errors.slice(-4000)}`);
  return output;
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Options of a test that needs Python: `test('…', needsPython(), async () => …)`. Where test/run.ts
 * found that the environment cannot be had, the test is reported as skipped with the reason; in CI
 * that never happens, because test/run.ts fails first.
 */
export function needsPython(): { readonly skip?: string } {
  const reason = process.env['TFJS_TEST_NO_PYTHON'];
  return reason === undefined ? {} : { skip: reason };
}

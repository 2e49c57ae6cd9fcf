/**
 * The Python environment of the peers (Keras, PyTorch), built once from requirements.txt and cached
 * beside the tests' environment, from which it takes TensorFlow's version.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cached } from '../../scripts/cache.ts';

const run = promisify(execFile);
const requirements = join(import.meta.dirname, 'requirements.txt');
const constraints = join(import.meta.dirname, '..', '..', 'test', 'requirements.txt');

/**
 * Path of the environment's Python; builds the environment on first use (minutes, 7 GB on Linux).
 * @throws Error where python3, the packages or the disk's space cannot be had.
 */
export async function peerPython(): Promise<string> {
  const inputs = await Promise.all([requirements, constraints].map((file) => readFile(file)));
  const folder = await cached(
    'bench-python',
    [...inputs.map(String), process.arch, 'venv-1'],
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

/**
 * @tensorflow/tfjs-node on the TensorFlow of the Python environment: npm's package, whose addon is
 * compiled from its own sources against the headers and libraries of the wheel. Its installer is not
 * run, since that downloads an old library from a place that tests do not depend on.
 */
import { execFile } from 'node:child_process';
import { glob, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cached } from '../scripts/cache.ts';
import { pythonBinary } from './python.ts';

const run = promisify(execFile);

const dependencies = {
  '@tensorflow/tfjs-node': '4.22.0',
  /** Headers of Node-API, which are the same for every version of Node that has it. */
  'node-api-headers': '1.9.0',
} as const;

/** Newest of those for which tfjs-node has a folder; any later Node has it as well. */
const napiVersion = 8;
const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/**
 * A folder for `TFJS_TENSORFLOW_HOME`, built on first use (about half a minute). It links to the
 * libraries of the Python environment, whose path is therefore part of the key.
 * @throws Error where npm or g++ is missing or fails, or the Python environment cannot be had.
 */
export async function tensorflowAddon(): Promise<string> {
  const wheel = await tensorflowWheel();
  const inputs = [JSON.stringify(dependencies), wheel, process.arch, 'layout-1'];
  return cached('tensorflow-addon', inputs, async (folder) => {
    await installPackages(folder);
    await compileAddon(folder, wheel);
  });
}

/** The folder of Python's package `tensorflow`, with `include` and the libraries. */
async function tensorflowWheel(): Promise<string> {
  const environment = dirname(dirname(await pythonBinary()));
  const [library] = await Array.fromAsync(
    glob(`lib/python3*/site-packages/tensorflow/${libraries[0]}`, { cwd: environment }),
  );
  if (library === undefined) throw new Error(`${environment} has no ${libraries[0]}`);
  return join(environment, dirname(library));
}

async function installPackages(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    maxBuffer: 1 << 26,
  });
}

async function compileAddon(folder: string, wheel: string): Promise<void> {
  const tfjsNode = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
  const libraryFolder = join(tfjsNode, 'deps', 'lib');
  const addonFolder = join(tfjsNode, 'lib', `napi-v${napiVersion}`);
  await mkdir(libraryFolder, { recursive: true });
  await mkdir(addonFolder, { recursive: true });
  for (const library of libraries) {
    await symlink(join(wheel, library), join(libraryFolder, library));
  }
  const sources = await Array.fromAsync(glob('binding/*.cc', { cwd: tfjsNode }));
  await run(
    'g++',
    [
      ...['-O2', '-std=c++17', '-shared', '-fPIC', '-w', `-DNAPI_VERSION=${napiVersion}`],
      `-I${join(folder, 'node_modules', 'node-api-headers', 'include')}`,
      `-I${join(wheel, 'include')}`,
      ...sources,
      `-L${libraryFolder}`,
      ...libraries.map((library) => `-l:${library}`),
      // Found at run time in the folders of the wheel.
      '-Wl,--allow-shlib-undefined',
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
      ...['-o', join(addonFolder, 'tfjs_binding.node')],
    ],
    { cwd: tfjsNode, maxBuffer: 1 << 26 },
  );
}

/**
 * Options of a test that needs the addon, like `needsPython`: where test/run.ts found that it cannot
 * be had, the test is reported as skipped with the reason; in CI test/run.ts fails first.
 */
export function needsTensorflowAddon(): { readonly skip?: string } {
  const reason = process.env['TFJS_TEST_NO_TENSORFLOW'];
  return reason === undefined ? {} : { skip: reason };
}

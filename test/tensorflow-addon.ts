/**
 * @tensorflow/tfjs-node on the TensorFlow of the Python environment: what `npm run
 * backend:tensorflow -- --source FOLDER --link` installs, kept apart from what a person installed.
 */
import { glob } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheRoot } from '../scripts/cache.ts';
import { installTensorflow } from '../scripts/tensorflow/install-tensorflow.ts';
import { thisPlatform } from '../scripts/tensorflow/platform.ts';
import { createProgress } from '../scripts/tensorflow/progress.ts';
import { libraries } from '../scripts/tensorflow/releases.ts';
import { pythonBinary } from './python.ts';

/**
 * A folder for `TFJS_TENSORFLOW_HOME`, built on first use (about half a minute). It links to the
 * libraries of the Python environment, whose path is therefore part of the key.
 * @throws InstallFailure where npm or g++ is missing or fails.
 * @throws Error where the Python environment cannot be had.
 */
export async function tensorflowAddon(): Promise<string> {
  const { home } = await installTensorflow(
    {
      variant: 'cpu',
      source: { kind: 'folder', path: await tensorflowWheel(), isLinked: true },
      isStripped: false,
    },
    {
      env: process.env,
      signal: new AbortController().signal,
      platform: thisPlatform(),
      cacheRoot: cacheRoot(process.env),
      // The output of a test is its report.
      progress: createProgress({ write: () => undefined }),
    },
  );
  return home;
}

/** The folder of Python's package `tensorflow`, which holds the libraries. */
export async function tensorflowWheel(): Promise<string> {
  const environment = dirname(dirname(await pythonBinary()));
  const [library] = await Array.fromAsync(
    glob(`lib/python3*/site-packages/tensorflow/${libraries[0]}`, { cwd: environment }),
  );
  if (library === undefined) throw new Error(`${environment} has no ${libraries[0]}`);
  return join(environment, dirname(library));
}

/**
 * Options of a test that needs the addon, like `needsPython`: where test/run.ts found that it cannot
 * be had, the test is reported as skipped with the reason; in CI test/run.ts fails first.
 */
export function needsTensorflowAddon(): { readonly skip?: string } {
  const reason = process.env['TFJS_TEST_NO_TENSORFLOW'];
  return reason === undefined ? {} : { skip: reason };
}

/**
 * `npm run backend:tensorflow`: reads arguments, environment and signals, installs, and says how it
 * went. The only file of the installer that touches the process.
 */
import { failureLine } from '../../cli/failure-line.ts';
import { formatBytes } from '../../cli/terminal/format.ts';
import { isSystemError, problemOf } from '../../cli/world/system-error.ts';
import { stagedTensorflow } from '../../trainer/staged-tensorflow.ts';
import { cacheRoot } from '../cache.ts';
import { InstallFailure, installStatuses } from './install-failure.ts';
import { installTensorflow, type Installed } from './install-tensorflow.ts';
import { linkHome } from './link-home.ts';
import { helpText, parseOptions } from './options.ts';
import { thisPlatform } from './platform.ts';
import { createProgress } from './progress.ts';
import { smokeTest } from './smoke-test.ts';

const { env, stdout, stderr } = process;
const args = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort());
}

async function run(): Promise<void> {
  // npm runs a script in the folder of package.json; INIT_CWD is where the person is.
  const options = await parseOptions(args, env['INIT_CWD'] ?? process.cwd());
  if (options === undefined) {
    stdout.write(helpText);
    return;
  }
  const surroundings = { env, signal: stop.signal };
  const installed = await installTensorflow(options, {
    ...surroundings,
    platform: thisPlatform(),
    cacheRoot: cacheRoot(env),
    progress: createProgress(stderr),
  });
  // What was built long ago is proved again: the machine may have changed since.
  if (!installed.isNew) await smokeTest(installed.home, surroundings);
  if (options.into === undefined) await linkHome(stagedTensorflow, installed.home);
  if (options.isJson) stdout.write(`${JSON.stringify({ type: 'installed', ...installed })}\n`);
  else stdout.write(`${summary(installed, options.into)}\n`);
}

function summary({ backend, bytes, home, isNew }: Installed, into: string | undefined): string {
  const there = isNew ? 'is installed' : 'was there already, and works';
  const found =
    into === undefined
      ? 'The trainer of this checkout uses it from now on.'
      : `The trainer uses it with TFJS_TENSORFLOW_HOME=${into}.`;
  return `${backend} ${there} (${formatBytes(bytes)} in ${home}). ${found}`;
}

/** Everything that can end the run, as a reason and one sentence. */
function explain(error: unknown): InstallFailure {
  if (stop.signal.aborted) {
    return new InstallFailure('Interrupted', 'Stopped; nothing was installed.');
  }
  if (error instanceof InstallFailure) return error;
  if (isSystemError(error)) {
    const what = error.path ?? 'The disk';
    const sentence = `${what} cannot be used: ${problemOf(error)}; put that right and run the command again.`;
    return new InstallFailure('StorageError', sentence);
  }
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const sentence = `A fault of the installer itself, please report it: ${details}`;
  return new InstallFailure('InternalError', sentence);
}

try {
  await run();
} catch (error) {
  const { reason, message } = explain(error);
  const { code: exitCode } = installStatuses[reason];
  stderr.write(`backend:tensorflow: ${message}\n`);
  if (args.includes('--json')) stdout.write(`${failureLine({ reason, message, exitCode })}\n`);
  process.exitCode = exitCode;
}

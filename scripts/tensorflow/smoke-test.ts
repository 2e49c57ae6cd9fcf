/**
 * Proves an installation: another process, under this very Node, opens the trainer's backend in it
 * and computes a known gradient. A library that crashes takes that process with it, not this one.
 */
import { join } from 'node:path';
import { InstallFailure } from './install-failure.ts';
import { problemLine, runTool, type Surroundings } from './run-tool.ts';

const program = join(import.meta.dirname, 'smoke-program.ts');

/**
 * @returns the library's version and the package's name, as the trainer will report them.
 * @throws InstallFailure AddonUnusable.
 */
export async function smokeTest(home: string, { env, signal }: Surroundings): Promise<string> {
  const end = await runTool(
    {
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', program, home],
      wayOut: 'run the same command again',
    },
    // TensorFlow greets on standard error; a fault is still told.
    { env: { ...env, TF_CPP_MIN_LOG_LEVEL: '2' }, signal },
  );
  if (end.code === 0) return end.stdout.trim();
  const why =
    end.endedBy === null
      ? problemLine(end.stderr, /^UNUSABLE: /)
      : `the process that used it was ended by ${end.endedBy}${illegal(end.endedBy)}`;
  throw new InstallFailure(
    'AddonUnusable',
    `The addon in ${home} does not work: ${why}; delete that folder to install it anew, or train with the backend wasm.`,
  );
}

function illegal(signal: NodeJS.Signals): string {
  return signal === 'SIGILL' ? ': the library needs instructions that this processor lacks' : '';
}

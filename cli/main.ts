#!/usr/bin/env node
/**
 * The tfjsctl process: gives the program its streams, environment, signals and the trainer's
 * command. The only file of the package that touches the process.
 */
import { availableParallelism, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runProgram } from './program.ts';
import { stopSignalsOf } from './stop-signals.ts';

/** The trainer is started as a process, never loaded: tfjsctl stays small and cannot be blocked. */
const trainer = fileURLToPath(new URL('../trainer/main.ts', import.meta.url));

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  cores: availableParallelism(),
  temporaryFolder: tmpdir(),
  stdout: process.stdout,
  stderr: process.stderr,
  signals: stopSignalsOf(process, [process.stdout, process.stderr]),
  workerCommand: { file: process.execPath, args: [...process.execArgv, trainer] },
});

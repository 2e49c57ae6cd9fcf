/** tfjsctl with workers that train nothing: the process that the tests start. */
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../program.ts';
import { stopSignalsOf } from '../stop-signals.ts';

const worker = fileURLToPath(new URL('fake-worker.ts', import.meta.url));

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  cores: Infinity,
  temporaryFolder: tmpdir(),
  stdout: process.stdout,
  stderr: process.stderr,
  signals: stopSignalsOf(process, [process.stdout, process.stderr]),
  workerCommand: { file: process.execPath, args: [...process.execArgv, worker] },
});

/**
 * `npm run bench -- SUITE [options]`: chooses the suite and hands it the process and the machine. The
 * only file here that touches them.
 */
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { tensorflowAddon } from '../test/tensorflow-addon.ts';
import { tensorflowHome } from '../trainer/staged-tensorflow.ts';
import { fidelitySuite } from './fidelity/suite.ts';
import { memorySuite } from './memory/suite.ts';
import { peerPython } from './step/peer-python.ts';
import { stepSuite } from './step/suite.ts';
import type { Suite, SuiteWorld } from './suite.ts';

const suites: Readonly<Record<string, Suite>> = {
  step: stepSuite,
  fidelity: fidelitySuite,
  memory: memorySuite,
};

const world: SuiteWorld = {
  print: (text) => process.stdout.write(text),
  progress: (sentence) => process.stderr.write(`${sentence}\n`),
  env: process.env,
  date: new Date(),
  processor: cpus()[0]?.model.trim() ?? process.arch,
  processors: availableParallelism(),
  load: () => loadavg()[0] ?? NaN,
  node: [process.execPath, ...process.execArgv],
  python: peerPython,
  tensorflowHome: async () =>
    tensorflowHome(process.env['TFJS_TENSORFLOW_HOME']) ?? tensorflowAddon(),
  temporaryFolder: tmpdir(),
  resultsFolder: join(import.meta.dirname, 'results'),
};

const [name = '', ...args] = process.argv.slice(2);
try {
  const suite = suites[name];
  if (suite === undefined) {
    const known = Object.keys(suites).join(', ');
    const what = name === '' ? 'No benchmark is named' : `There is no benchmark "${name}"`;
    throw new Failure('UsageError', `${what}; run npm run bench -- NAME with one of: ${known}.`);
  }
  process.exitCode = await suite(args, world);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}

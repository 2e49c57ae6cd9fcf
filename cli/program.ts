/**
 * The command line of tfjsctl: commands, options, help, and errors as one sentence. Parses and
 * dispatches; each command is a function of its own folder.
 */
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { explainError, usageSentence } from './explain-error.ts';
import { failureLine } from './failure-line.ts';
import { mergeCommand } from './merge.ts';
import { runCommand, type Host } from './run/run-command.ts';
import manifest from './package.json' with { type: 'json' };
import { collectVolume, parsePort, parseWorkers } from './run/run-options.ts';
import { validateCommand } from './validate/command.ts';

const runHelp = `
The job runs as on a cluster, with processes for pods: each worker is a process, a claim is a folder
(RUNS/volumes/CLAIM, or PATH with --volume), and logs are in RUNS/NAME/rank-N.log. What only a cluster
has does nothing here: image, resources, placement. A variable that the template takes from a Secret
or ConfigMap is taken from the environment of tfjsctl.

The same command goes on from the newest checkpoint after Ctrl-C, a crash or a failure. After a
complete run it trains anew. --fresh trains anew in any case; checkpoints are deleted only below RUNS.

Exit codes:
  0    complete
  2    the command line is wrong
  10   the manifest, the network structure or the training configuration is wrong
  1, 11 to 22  the job failed; the code is that of the worker that caused it, for example
       12: the evaluation is below evaluation.require, 16: a volume is missing or full
  23   stopped by Ctrl-C at a step boundary; a checkpoint is written where the job keeps any
  124  spec.runPolicy.activeDeadlineSeconds is over
  130  a second Ctrl-C ended the workers at once`;

interface RunFlags {
  readonly name?: string;
  readonly volume: ReadonlyMap<string, string>;
  readonly runs: string;
  readonly port?: number;
  readonly workers?: number;
  readonly fresh?: boolean;
  readonly json?: boolean;
}

/** Parses the arguments (without node and script), runs the command, and gives the exit code. */
export async function runProgram(args: readonly string[], host: Host): Promise<number> {
  let exitCode: number = exitStatuses.Complete.code;
  const program = createProgram(host, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return tell(error, args, host);
  }
}

function createProgram(host: Host, onExit: (code: number) => void): Command {
  const program = new Command('tfjsctl')
    .description('Runs and checks TrainingJobs on this machine, without a cluster.')
    .version(manifest.version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      outputError: (text, write) => write(`tfjsctl: ${usageSentence(text)}\n`),
    });
  addRun(program, host, onExit);
  const output = { stdout: host.stdout, stderr: host.stderr };
  program
    .command('validate')
    .description(
      'check manifests and the files they name, as the API server and the operator would',
    )
    .argument('<file...>', 'manifests, or folders of them')
    .option('--json', 'print the findings as JSON')
    .action(async (paths: string[], flags: { json?: boolean }) => {
      onExit(await validateCommand(paths, flags, output));
    });
  program
    .command('merge')
    .description('show the run config that the trainer gets: everything merged and defaulted')
    .argument('<file...>', 'manifests, or folders of them')
    .option('--name <name>', 'the TrainingJob, where the files hold several')
    .option('--json', 'print JSON instead of YAML')
    .action(async (paths: string[], flags: { json?: boolean; name?: string }) => {
      onExit(await mergeCommand(paths, flags, output));
    });
  return program;
}

function addRun(program: Command, host: Host, onExit: (code: number) => void): void {
  program
    .command('run')
    .description('train a TrainingJob with processes of this machine')
    .argument('<file...>', 'manifests, or folders of them')
    .option('--name <name>', 'the TrainingJob, where the files hold several')
    .addOption(
      new Option('--volume <claim=path>', 'the folder of a claim (may be repeated)')
        .argParser(collectVolume)
        .default(new Map<string, string>(), 'RUNS/volumes/CLAIM'),
    )
    .option('--runs <folder>', 'the folder for logs, records and claims', 'runs')
    .option('--workers <number>', 'workers instead of spec.workers.replicas', parseWorkers)
    .option('--port <first>', 'first port of the workers; default: free ones', parsePort)
    .option('--fresh', 'delete the checkpoints of the job first')
    .option('--json', 'print JSON lines, the last one with the result or the failure')
    .addHelpText('after', runHelp)
    .action(async (paths: string[], flags: RunFlags) => {
      onExit(await runCommand(paths, runOptionsOf(flags, host.cwd), host));
    });
}

function runOptionsOf(flags: RunFlags, cwd: string): Parameters<typeof runCommand>[1] {
  const { name, volume, runs, port = 0, workers, fresh = false, json = false } = flags;
  return {
    runs: resolve(cwd, runs),
    port,
    volumes: new Map([...volume].map(([claim, path]) => [claim, resolve(cwd, path)])),
    isFresh: fresh,
    isJson: json,
    ...(name === undefined ? {} : { name }),
    ...(workers === undefined ? {} : { workers }),
  };
}

/** Says what went wrong on standard error; with --json also as the last line of the output. */
function tell(error: unknown, args: readonly string[], { stdout, stderr }: Host): number {
  const explanation = explainError(error);
  if (explanation === undefined) return exitStatuses.Complete.code;
  if (!explanation.isSaid) stderr.write(`tfjsctl: ${explanation.message}\n`);
  if (args.includes('--json')) stdout.write(`${failureLine(explanation)}\n`);
  return explanation.exitCode;
}

/**
 * `tfjsctl run`: loads and checks the job, runs it, tells how it ended, and gives the exit code.
 * Owns the choice of the display; the process around it (streams, signals) is given to it.
 */
import { environment } from '@tfjs-operator/api/environment.ts';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { findingSentence } from '@tfjs-operator/api/finding.ts';
import { failureLine } from '../failure-line.ts';
import type { Display } from '../terminal/display.ts';
import { formatCounted } from '../terminal/format.ts';
import { createJsonDisplay } from '../terminal/json-display.ts';
import { createLiveDisplay } from '../terminal/live-display.ts';
import { createPlainDisplay } from '../terminal/plain-display.ts';
import { createStyle } from '../terminal/style.ts';
import type { StopSignals } from '../world/local-world.ts';
import type { FileFinding } from '../validate/file-finding.ts';
import { printFindings } from '../validate/print-findings.ts';
import type { WorkerCommand } from '../world/worker-process.ts';
import { exitCodeOf } from './exit-code.ts';
import { loadJob, type JobChoice } from './load-job.ts';
import { runJob } from './run-job.ts';
import type { RunOptions } from './run-options.ts';
import { tellOutcome } from './tell-outcome.ts';

/** The process around a command, given by main. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Processor cores that the workers share. */
  readonly cores: number;
  /** Where folders of one run alone are made. */
  readonly temporaryFolder: string;
  readonly stdout: HostStream;
  readonly stderr: HostStream;
  readonly signals: StopSignals;
  readonly workerCommand: WorkerCommand;
}

export type HostStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** Width of tables where the output has none of its own. */
const defaultColumns = 100;

/** @returns the exit code; what is wrong with the files is printed. */
export async function runCommand(
  paths: readonly string[],
  options: RunOptions & JobChoice,
  host: Host,
): Promise<number> {
  const { stdout, stderr } = host;
  const loaded = await loadJob(paths, options);
  if ('findings' in loaded) {
    printFindings(loaded.findings, stderr);
    const exitCode = exitStatuses.BadConfig.code;
    if (options.isJson) stdout.write(`${findingsLine(loaded.findings, exitCode)}\n`);
    return exitCode;
  }
  const out = (text: string): void => void stdout.write(`${text}\n`);
  const err = (text: string): void => void stderr.write(`${text}\n`);
  const display = createDisplay(options, host, { out, err });
  const { replicas } = loaded.job.spec.workers;
  if (replicas > host.cores) {
    display.note(
      `${replicas} workers share ${formatCounted(host.cores, 'processor core')}: more workers train no faster here.`,
    );
  }
  const run = await runJob(loaded, options, {
    command: host.workerCommand,
    temporaryFolder: host.temporaryFolder,
    env: {
      ...inheritedEnvironment(host.env),
      [environment.threads]: `${Math.max(1, Math.floor(host.cores / replicas))}`,
    },
    display,
    signals: host.signals,
  });
  tellOutcome(run, options.isJson, {
    out,
    err,
    columns: stdout.columns ?? defaultColumns,
    style: createStyle(options.isJson ? stderr : stdout),
    cwd: host.cwd,
  });
  return exitCodeOf(run.outcome);
}

function findingsLine(findings: readonly FileFinding[], exitCode: number): string {
  const message = findings.map(findingSentence).join(' ');
  return failureLine({ reason: 'BadConfig', message, exitCode }, { findings });
}

function createDisplay(
  { isJson }: RunOptions,
  { stdout }: Host,
  write: { readonly out: (line: string) => void; readonly err: (line: string) => void },
): Display {
  if (isJson) return createJsonDisplay(write);
  if (stdout.isTTY) return createLiveDisplay(stdout, createStyle(stdout));
  return createPlainDisplay(write.out);
}

/** Variables of ours that a person sets: about this machine, not about the worker. */
const ofPerson: readonly string[] = [environment.logLevel, environment.tensorflowHome];

/** What a worker is told about itself comes from the local world, never from our own environment. */
function inheritedEnvironment(env: Host['env']): Host['env'] {
  const ours: readonly string[] = Object.values(environment);
  const kept = Object.entries(env).filter(
    ([name]) => !ours.includes(name) || ofPerson.includes(name),
  );
  return Object.fromEntries(kept);
}

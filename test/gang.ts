/**
 * Starts real trainer processes as a pod's kubelet or the local world would, for tests that need
 * more control over them than `tfjsctl run` gives: kill one, stop one, look at each exit code.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '@tfjs-operator/api/environment.ts';
import type { ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import type { Summary } from '@tfjs-operator/api/result.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';

const ownTrainer = join(import.meta.dirname, '..', 'trainer', 'main.ts');

export interface WorkerEnd {
  readonly rank: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly termination: { reason: ExitReason; message: string; summary?: Summary } | undefined;
  /** Log and standard error, for the message of a failed assertion. */
  readonly log: string;
}

export interface TestGang {
  readonly processes: readonly ChildProcess[];
  /** Resolves when all have ended; by rank. */
  readonly ends: Promise<readonly WorkerEnd[]>;
  /** Resolves when each worker has logged this text. @throws Error where all end before. */
  logged(text: string): Promise<void>;
  /** Where a worker serves its endpoints, as soon as it has said so. */
  httpAddress(rank: number): Promise<string>;
}

/** A folder with `volumes/` (claims), removed by `Symbol.asyncDispose`. */
export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  readonly claim: (name: string) => string;
}

export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'tfjs-gang-'));
  const claim = (name: string): string => join(path, 'volumes', name);
  return {
    path,
    claim,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Starts `replicas` workers on this run config; volumes are below the folder. */
export async function startGang(
  folder: TestFolder,
  runConfig: RunConfig,
  replicas: number,
  options: {
    readonly only?: readonly number[];
    /** Variables besides those of this process. */
    readonly env?: Readonly<Record<string, string>>;
    /** main.ts of another copy of the trainer. */
    readonly trainer?: string;
  } = {},
): Promise<TestGang> {
  const run = await mkdtemp(join(folder.path, 'run-'));
  await mkdir(join(run, 'peers'));
  await writeFile(join(run, 'run-config.json'), JSON.stringify(runConfig));
  const ranks = options.only ?? Array.from({ length: replicas }, (_, rank) => rank);
  const { env = {}, trainer = ownTrainer } = options;
  const workers = ranks.map((rank) => startWorker({ folder, run, rank, replicas, env, trainer }));
  const processes = workers.map(({ child }) => child);
  const ends = Promise.all(workers.map(({ end }) => end));
  const httpAddress = (rank: number): Promise<string> =>
    new Promise((resolve) => {
      processes[ranks.indexOf(rank)]?.stdout?.on('data', (part: Buffer) => {
        const found = /"address":"([^"]+)","msg":"endpoints open"/.exec(part.toString('utf8'));
        if (found?.[1] !== undefined) resolve(found[1]);
      });
    });
  return { processes, ends, logged: (text) => logged(processes, ends, text), httpAddress };
}

async function logged(
  processes: readonly ChildProcess[],
  ends: Promise<readonly WorkerEnd[]>,
  text: string,
): Promise<void> {
  const seen = processes.map(
    (child) =>
      new Promise<void>((resolve) => {
        child.stdout?.on('data', (part: Buffer) => {
          if (part.includes(text)) resolve();
        });
      }),
  );
  const first = await Promise.race([Promise.all(seen).then(() => undefined), ends]);
  if (first === undefined) return;
  const words = first.map(({ rank, code, log }) => `worker ${rank} ended with ${code}:\n${log}`);
  throw new Error(`Not all workers logged "${text}": ${words.join('\n')}`);
}

interface WorkerPlace {
  readonly folder: TestFolder;
  readonly run: string;
  readonly rank: number;
  readonly replicas: number;
  readonly env: Readonly<Record<string, string>>;
  readonly trainer: string;
}

function startWorker({ folder, run, rank, replicas, env, trainer }: WorkerPlace): {
  child: ChildProcess;
  end: Promise<WorkerEnd>;
} {
  const terminationLog = join(run, `termination-${rank}.json`);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', trainer], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      // What a person has staged for the trainer of this checkout is no part of a test.
      [environment.tensorflowHome]: '',
      ...process.env,
      ...env,
      [environment.runConfig]: join(run, 'run-config.json'),
      [environment.jobUid]: 'test-job',
      [environment.jobName]: 'test',
      [environment.jobNamespace]: 'default',
      [environment.rank]: String(rank),
      [environment.replicas]: String(replicas),
      [environment.peers]: `dir:${join(run, 'peers')}`,
      [environment.grpcAddress]: '127.0.0.1:0',
      [environment.httpAddress]: '127.0.0.1:0',
      [environment.volumeRoot]: join(folder.path, 'volumes'),
      [environment.terminationLog]: terminationLog,
      [environment.parentFd]: '0',
      [environment.logLevel]: 'info',
    },
  });
  let log = '';
  child.stdout.on('data', (part: Buffer) => (log += part.toString('utf8')));
  child.stderr.on('data', (part: Buffer) => (log += part.toString('utf8')));
  const end = new Promise<WorkerEnd>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      void readFile(terminationLog, 'utf8').then(
        (text) =>
          resolve({
            rank,
            code,
            signal,
            log,
            termination: JSON.parse(text) as NonNullable<WorkerEnd['termination']>,
          }),
        () => resolve({ rank, code, signal, log, termination: undefined }),
      );
    });
  });
  return { child, end };
}

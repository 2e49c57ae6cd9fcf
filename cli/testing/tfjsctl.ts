/**
 * Starts tfjsctl with workers that train nothing, in a folder of its own, and sees to it that no
 * process of a test outlives it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../program.ts';
import type { FakePlan } from './fake-worker.ts';

const worker = fileURLToPath(new URL('fake-worker.ts', import.meta.url));
const program = [
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('main.ts', import.meta.url)),
];

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Tfjsctl {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What was written so far. */
  output(): string;
}

/** Standard output and error of a call, read by the test while it goes on. */
export interface Call {
  readonly ended: Promise<Ended>;
  readonly stop: AbortController;
  readonly kill: AbortController;
  output(): string;
}

export interface Workplace {
  readonly folder: string;
  /** The program in this process: as `run`, without the start of a process. */
  call(args: readonly string[], plan?: FakePlan): Call;
  /** The program as a process, for signals and what they leave. */
  run(args: readonly string[], plan?: FakePlan, env?: Record<string, string>): Tfjsctl;
  /** The program as a process on a pseudo-terminal, to its end. */
  runOnTerminal(
    args: readonly string[],
    plan?: FakePlan,
    env?: Record<string, string>,
  ): Promise<Ended>;
  /** Process ids of all workers that were ever started, by start. */
  starts(): readonly { readonly rank: number; readonly pid: number }[];
}

export interface ManifestOptions {
  readonly maxRestarts?: number;
  readonly replicas?: number;
  readonly hasCheckpoint?: boolean;
  readonly epochs?: number;
  readonly startDeadlineSeconds?: number;
}

/** A folder with a manifest, removed with all its processes after the test. */
export function aWorkplace(test: TestContext, options: ManifestOptions = {}): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'tfjsctl-test-'));
  const startsFile = join(folder, 'starts');
  mkdirSync(join(folder, 'digits'));
  writeFileSync(join(folder, 'job.yaml'), manifest(options));
  const running = new Set<Tfjsctl>();
  const calls = new Set<Call>();
  const starts: Workplace['starts'] = () =>
    existsSync(startsFile)
      ? readFileSync(startsFile, 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split(' ').map(Number))
          .map(([rank = 0, pid = 0]) => ({ rank, pid }))
      : [];
  test.after(async () => {
    for (const { process } of running) process.kill('SIGKILL');
    for (const { kill } of calls) kill.abort();
    await Promise.all([...running, ...calls].map(({ ended }) => ended));
    for (const { pid } of starts()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    starts,
    call: (args, plan = {}) => {
      const call = callProgram(folder, args, {
        FAKE_PLAN: JSON.stringify({ startsFile, ...plan }),
      });
      calls.add(call);
      return call;
    },
    run: (args, plan = {}, env = {}) => {
      const all = { FAKE_PLAN: JSON.stringify({ startsFile, ...plan }), ...env };
      const tfjsctl = start(folder, [process.execPath, ...program, ...args], all);
      running.add(tfjsctl);
      return tfjsctl;
    },
    runOnTerminal: (args, plan = {}, env = {}) => {
      const command = [process.execPath, ...program, ...args].join(' ');
      const all = {
        FAKE_PLAN: JSON.stringify({ startsFile, ...plan }),
        TERM: 'xterm-256color',
        ...env,
      };
      const tfjsctl = start(folder, ['script', '-qec', command, '/dev/null'], all);
      running.add(tfjsctl);
      return tfjsctl.ended;
    },
  };
}

/** The arguments that run the manifest of a workplace: absolute, as a call has our own folder. */
export function runArgs({ folder }: Workplace, ...more: readonly string[]): readonly string[] {
  return ['run', join(folder, 'job.yaml'), '--volume', 'digits=digits', ...more];
}

/** True while the process exists and is no zombie that nobody has reaped yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = `/proc/${pid}/stat`;
    return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
  } catch {
    // There is no such process, or it went while we looked.
    return false;
  }
}

/** Waits for a fact; fails the test by its time limit where it never comes true. */
export async function until(isTrue: () => boolean, limitMs = 30_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`not true within ${limitMs} ms: ${isTrue.toString()}`);
    await sleep(20);
  }
}

function callProgram(folder: string, args: readonly string[], env: Record<string, string>): Call {
  const { PATH } = process.env;
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let [out, err] = ['', ''];
  stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [stop, kill] = [new AbortController(), new AbortController()];
  const code = runProgram(args, {
    env: { PATH, ...env },
    cwd: folder,
    cores: 2,
    temporaryFolder: folder,
    stdout,
    stderr,
    signals: { stop: stop.signal, kill: kill.signal },
    workerCommand: {
      file: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', worker],
    },
  });
  // A turn of the event loop lets the streams hand over what was written last.
  const ended = code.then(async (code) => {
    await new Promise((resolve) => setImmediate(resolve));
    return { code, signal: null, stdout: out, stderr: err };
  });
  return { ended, stop, kill, output: () => out + err };
}

function start(
  folder: string,
  [file = '', ...args]: readonly string[],
  env: Record<string, string>,
): Tfjsctl {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(file, args, {
    cwd: folder,
    env: { PATH, HOME, TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { process: child, ended, output: () => stdout + stderr };
}

function manifest(options: ManifestOptions): string {
  const { maxRestarts = 3, replicas = 2, hasCheckpoint = true, epochs = 2 } = options;
  const { startDeadlineSeconds = 60 } = options;
  return JSON.stringify({
    apiVersion: 'tfjs-operator.io/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name: 'digits' },
    spec: {
      model: {
        inline: {
          class_name: 'Sequential',
          config: {
            name: 'dense',
            layers: [
              {
                class_name: 'Flatten',
                config: { name: 'flat', batch_input_shape: [null, 28, 28, 1] },
              },
              { class_name: 'Dense', config: { name: 'out', units: 10, activation: 'softmax' } },
            ],
          },
        },
      },
      training: {
        inline: {
          epochs,
          batchSize: 32,
          optimizer: { name: 'sgd', learningRate: 0.1 },
          loss: { name: 'categoricalCrossentropy' },
          metrics: ['accuracy'],
        },
      },
      dataset: {
        uri: 'pvc://digits',
        format: 'idx',
        train: { features: 'images', labels: 'labels' },
        features: { shape: [28, 28, 1] },
        labels: { type: 'class', classes: [...'0123456789'] },
        split: { test: { fraction: 0.1 } },
      },
      workers: { replicas },
      ...(hasCheckpoint ? { checkpoint: { uri: 'pvc://output/checkpoints' } } : {}),
      output: { uri: 'pvc://output/model' },
      runPolicy: { maxRestarts, startDeadlineSeconds },
    },
  });
}

/**
 * One worker as a child process: the local counterpart of a pod and of the kubelet that minds it.
 * Starts it, restarts it in place after an error (restartPolicy OnFailure), and describes it as a
 * Kubernetes pod. When a restart helps is not decided here: whoever wants no more of them stops it.
 *
 * The process has a session of its own, so that a Ctrl-C reaches it through us and only once, and
 * its standard input is a pipe that we hold open: its end tells the worker that we are gone.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import type {
  ContainerState,
  ObjectMeta,
  Pod,
  TerminatedState,
} from '@tfjs-operator/operator/trainingjob/kubernetes.ts';
import { readLastWords } from './last-words.ts';

export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
}

export interface WorkerProcessOptions {
  readonly metadata: ObjectMeta;
  readonly command: WorkerCommand;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly terminationFile: string;
  /** Whether the running worker can be reached by its peers. */
  readonly isReady: () => boolean;
  /** Called before each start: what the last life left must not be taken for this one's. */
  readonly onStart: () => void;
  /** Called after each start and end of the process. */
  readonly onChange: () => void;
}

/** The kubelet waits 10 s and doubles up to 5 min; a person in front of a terminal does not. */
const firstBackoffMs = 200;
const maxBackoffMs = 5_000;
/** A worker that ran so long starts with the first back-off again (kubelet: 10 min). */
const healthyMs = 60_000;

export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  #child: ChildProcess | undefined;
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } };
  #lastState: ContainerState | undefined;
  #restarts = 0;
  #backoffMs = firstBackoffMs;
  #restartTimer: NodeJS.Timeout | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #isStopping = false;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
  }

  /** Resolves when the process ended and no other will be started. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    if (this.#isStopping) return;
    const { command, env, logFile, terminationFile } = this.#options;
    this.#options.onStart();
    writeFileSync(terminationFile, '');
    const log = openSync(logFile, 'a');
    const startedAt = new Date().toISOString();
    const child = spawn(command.file, command.args, {
      env,
      stdio: ['pipe', log, log],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    // A worker that ends while we hold its pipe is reported by its exit, not by the pipe.
    child.stdin?.on('error', () => undefined);
    child.once('error', (error) => {
      if (child.pid === undefined) this.#onExit(startedAt, null, null, error.message);
    });
    child.once('exit', (code, signal) => this.#onExit(startedAt, code, signal));
    this.#state = { running: { startedAt } };
    this.#options.onChange();
  }

  /** Asks the worker to leave (SIGTERM, once) and kills it after the grace period. */
  stop(graceMs: number): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    if (!this.#state.running) {
      this.#ended.resolve();
      return;
    }
    this.#child?.kill('SIGTERM');
    this.#killTimer = setTimeout(() => this.kill(), graceMs);
  }

  kill(): void {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#killTimer);
    if (this.#state.running) this.#child?.kill('SIGKILL');
    else this.#ended.resolve();
  }

  /** The worker as Kubernetes would describe its pod. */
  pod(): Pod {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: this.#options.metadata,
      status: {
        phase: this.#phase(),
        containerStatuses: [
          {
            name: 'worker',
            ready: this.#state.running !== undefined && this.#options.isReady(),
            restartCount: this.#restarts,
            state: this.#state,
            ...(this.#lastState ? { lastState: this.#lastState } : {}),
          },
        ],
      },
    };
  }

  #phase(): Pod['status']['phase'] {
    if (this.#state.running) return 'Running';
    if (this.#state.terminated?.exitCode === 0) return 'Succeeded';
    if (this.#isStopping) return 'Failed';
    return this.#lastState ? 'Running' : 'Pending';
  }

  #onExit(
    startedAt: string,
    code: number | null,
    signal: NodeJS.Signals | null,
    startError?: string,
  ): void {
    clearTimeout(this.#killTimer);
    this.#child?.stdin?.destroy();
    const terminated = this.#describeEnd(startedAt, code, signal, startError);
    this.#state = { terminated };
    if (terminated.exitCode === 0 || this.#isStopping) this.#ended.resolve();
    else this.#scheduleRestart(terminated);
    this.#options.onChange();
  }

  #describeEnd(
    startedAt: string,
    code: number | null,
    signal: NodeJS.Signals | null,
    startError?: string,
  ): TerminatedState {
    const { terminationFile, logFile } = this.#options;
    const signalNumber = signal === null ? undefined : constants.signals[signal];
    const exitCode = code ?? (signalNumber === undefined ? 1 : 128 + signalNumber);
    const message =
      startError ?? readLastWords(terminationFile, exitCode === 0 ? undefined : logFile);
    return {
      exitCode,
      ...(signalNumber === undefined ? {} : { signal: signalNumber }),
      reason: exitCode === 0 ? 'Completed' : 'Error',
      ...(message ? { message } : {}),
      startedAt,
      finishedAt: new Date().toISOString(),
    };
  }

  #scheduleRestart(terminated: TerminatedState): void {
    const ranMs = Date.parse(terminated.finishedAt) - Date.parse(terminated.startedAt);
    if (ranMs > healthyMs) this.#backoffMs = firstBackoffMs;
    this.#restartTimer = setTimeout(() => {
      this.#lastState = { terminated };
      this.#restarts += 1;
      this.start();
    }, this.#backoffMs);
    this.#backoffMs = Math.min(maxBackoffMs, this.#backoffMs * 2);
  }
}

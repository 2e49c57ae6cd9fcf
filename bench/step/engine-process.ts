/**
 * One engine in a process of its own. Questions are lines of JSON on its standard input, answers
 * lines of JSON on file descriptor 3, so that whatever libraries print cannot disturb them. Between
 * questions the process waits. It ends when its input ends: a killed benchmark leaves nothing behind.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { BatchFile, OptimizerSettings } from './workload.ts';

/** Builds the network, trains `steps` steps. */
export interface PrepareQuestion {
  readonly do: 'prepare';
  readonly model: string;
  readonly topologyFile: string;
  readonly batches: BatchFile;
  readonly threads: number;
  readonly steps: number;
  readonly optimizer: OptimizerSettings;
}

export interface Prepared {
  /** Name and version of the library. */
  readonly version: string;
  /** Which of several ways the engine found to be its fastest; '' where there is one. */
  readonly way: string;
  /** Trainable parameters of the network. */
  readonly parameters: number;
  /** The first step, with everything that is done once. */
  readonly firstStepMs: number;
  /** Loss of each step. */
  readonly losses: readonly number[];
}

/** Trains for some seconds, and no fewer than some steps. */
export interface BurstQuestion {
  readonly do: 'burst';
  readonly seconds: number;
  readonly steps: number;
}

export interface Burst {
  /** Of each step. */
  readonly milliseconds: readonly number[];
  /** Processor time of the burst, all threads together. */
  readonly cpuMilliseconds: number;
  /** Of the last step. */
  readonly loss: number;
  /** Most memory that the process has held (resident set), bytes. */
  readonly peakBytes: number;
}

/** An engine says that it cannot work here, and why: no fault of its own. */
export interface Unavailable {
  readonly unavailable: string;
}

export interface EngineProcess {
  prepare(question: PrepareQuestion): Promise<Prepared | Unavailable>;
  burst(question: BurstQuestion): Promise<Burst>;
  /** Resolves when the process has ended. */
  close(): Promise<void>;
}

/** The process ended where an answer was due; `message` is how, with its last words. */
export class EngineCrash extends Error {}

/** As much of standard error as is kept to explain a crash. */
const keptErrorCharacters = 8_000;
/** How long an engine may take to end by itself before it is killed. */
const closeMs = 5_000;

export function startEngine(
  [file, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string | undefined>>,
): EngineProcess {
  const child = spawn(file, args, {
    env,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  }) as ChildProcessByStdio<Writable, null, Readable>;
  let errors = '';
  child.stderr.on('data', (part: Buffer) => {
    errors = (errors + part.toString('utf8')).slice(-keptErrorCharacters);
  });
  // A write to a process that just died: its end is what gets reported.
  child.stdin.on('error', (error) => (errors ||= error.message));
  let startError: Error | undefined;
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => (startError = error));
    child.on('close', (code, signal) => resolve(describeEnd({ code, signal, errors, startError })));
  });
  const lines = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]();

  async function ask(question: PrepareQuestion | BurstQuestion): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new EngineCrash(await ended);
    return JSON.parse(value);
  }

  return {
    prepare: async (question) => (await ask(question)) as Prepared | Unavailable,
    burst: async (question) => (await ask(question)) as Burst,
    close: async () => {
      child.stdin.end();
      const kill = setTimeout(() => child.kill('SIGKILL'), closeMs);
      await ended;
      clearTimeout(kill);
    },
  };
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
  readonly startError: Error | undefined;
}

function describeEnd({ code, signal, errors, startError }: End): string {
  if (startError !== undefined) return `it did not start (${startError.message})`;
  const end = signal === null ? `exit code ${code}` : `signal ${signal}`;
  const lastWords = lastWordsOf(errors);
  return lastWords === undefined ? `it ended with ${end}` : `it ended with ${end}: ${lastWords}`;
}

/** The line that names the error: the first of that look in Node's output, the last in Python's. */
function lastWordsOf(errors: string): string | undefined {
  const lines = errors.split('\n').map((line) => line.trim());
  const named = /^(?:[\w.]*(?:Error|Exception|Failure|Interrupt)\b.*)$/;
  return lines.findLast((line) => named.test(line)) ?? lines.findLast((line) => line !== '');
}

/**
 * Runs a tool of the machine (pip, npm, g++, strip) and gives back how it ended. A tool that is not
 * there is one kind of failure whatever the tool; what a failing tool means its caller says.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { InstallFailure } from './install-failure.ts';

/** What every step needs to know of the process that it runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Long enough to delete a temporary file, short enough for a person who pressed Ctrl-C. */
const patienceMs = 2000;

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Completes the sentence where the tool is missing: `install it with …`. */
  readonly wayOut: string;
}

export interface ToolEnd {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly endedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * @throws InstallFailure ToolMissing where the command is not on the PATH.
 * @throws AbortError where the signal came, after the tool was told to end.
 */
export async function runTool(
  { command, args, cwd, wayOut }: ToolRun,
  { env, signal }: Surroundings,
): Promise<ToolEnd> {
  signal.throwIfAborted();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const unstop = stopWith(child, signal);
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (part: Buffer) => stdout.push(part));
  child.stderr.on('data', (part: Buffer) => stderr.push(part));
  let problem: Error | undefined;
  child.on('error', (error) => (problem = error));
  const [code, endedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...end) => resolve(end));
  });
  unstop();
  signal.throwIfAborted();
  // A child that could not be started closes too.
  if (problem !== undefined) throw isMissing(problem) ? missing(command, wayOut) : problem;
  return { code, endedBy, stdout: textOf(stdout), stderr: textOf(stderr) };
}

/** Asks the child to end when the signal comes, and ends it where it does not: npm does not. */
function stopWith(child: ChildProcess, signal: AbortSignal): () => void {
  let patience: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  return () => {
    signal.removeEventListener('abort', stop);
    clearTimeout(patience);
  };
}

function textOf(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString('utf8');
}

function isMissing(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function missing(command: string, wayOut: string): InstallFailure {
  return new InstallFailure('ToolMissing', `${command} is not on the PATH; ${wayOut}.`);
}

/** The line of a tool's output that says what is wrong, or the last one, without a full stop. */
export function problemLine(output: string, marker: RegExp): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const found = lines.findLast((line) => marker.test(line)) ?? lines.at(-1) ?? 'it said nothing';
  return found.replace(marker, '').trim().replace(/\.$/, '');
}

/**
 * A folder with a job and its data in which the real command line runs, and what it left there.
 * Owns processes, mounts, ports and the folder; all are gone when it is disposed of.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Files } from './right-job.ts';

const tfjsctl = join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts');

/** What the folder has to be like, beyond files. */
export interface Stage {
  /** A disk of so many KiB in the place of this folder. */
  readonly smallDisk?: { readonly folder: string; readonly kib: number };
  /** A folder into which the user of the process may not write. */
  readonly readOnly?: string;
}

export interface Ended {
  readonly code: number | null;
  /** The workplace is shown as FOLDER. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Workplace extends AsyncDisposable {
  readonly folder: string;
  write(files: Files): Promise<void>;
  /** Runs `tfjsctl …` in the folder to its end. */
  tfjsctl(args: readonly string[]): Promise<Ended>;
  /** Files and folders below, by relative path. */
  listing(): Promise<readonly string[]>;
  /** Command lines of processes that were started here and are still alive. */
  processes(): Promise<readonly string[]>;
}

/** Runs of this size take seconds; a hang is a failure of its own. */
const limitMs = 60_000;

/** Node's own default place: a start of a worker takes half the time. */
const compileCache = join(tmpdir(), 'node-compile-cache');

/** nobody, on Linux. */
const nobody = 65_534;

const isRoot = process.geteuid?.() === 0;

interface User {
  readonly uid?: number;
  readonly gid?: number;
}

export async function aWorkplace(stage: Stage = {}): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'wrong-'));
  await mkdir(join(folder, 'tmp'));
  const disk = stage.smallDisk && (await smallDisk(folder, stage.smallDisk));
  const user = stage.readOnly === undefined ? {} : await forbid(folder, stage.readOnly);
  return {
    folder,
    write: (files) => writeFiles(folder, files),
    tfjsctl: (args) => run(folder, args, { user, fileLimitKib: disk?.fileLimitKib }),
    listing: async () => (await readdir(folder, { recursive: true })).sort(),
    processes: () => processesOf(folder),
    [Symbol.asyncDispose]: async () => {
      disk?.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    if (content === null) await rm(file, { recursive: true, force: true });
    else await writeFile(file, content);
  }
}

interface SmallDisk {
  /** Where no file system may be mounted, no file of the processes may become greater. */
  readonly fileLimitKib?: number;
  remove(): void;
}

async function smallDisk(
  folder: string,
  { folder: name, kib }: NonNullable<Stage['smallDisk']>,
): Promise<SmallDisk> {
  const path = join(folder, name);
  await mkdir(path);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', path]);
  if (mounted.status !== 0) return { fileLimitKib: kib, remove: () => undefined };
  return { remove: () => void spawnSync('umount', ['--lazy', path]) };
}

/** Root may write everywhere, so the command line then runs as somebody who may not. */
async function forbid(folder: string, name: string): Promise<User> {
  await mkdir(join(folder, name));
  await chmod(join(folder, name), 0o555);
  if (!isRoot) return {};
  for (const path of ['.', 'tmp']) await chown(join(folder, path), nobody, nobody);
  return { uid: nobody, gid: nobody };
}

function run(
  folder: string,
  args: readonly string[],
  { user, fileLimitKib }: { readonly user: User; readonly fileLimitKib: number | undefined },
): Promise<Ended> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', tfjsctl, ...args];
  // POSIX counts in blocks of 512 bytes.
  const limited = ['sh', '-c', `ulimit -f ${(fileLimitKib ?? 0) * 2}; exec "$0" "$@"`, ...node];
  const [file = '', ...rest] = fileLimitKib === undefined ? node : limited;
  const { PATH = '' } = process.env;
  const child = spawn(file, rest, {
    cwd: folder,
    // The temporary folder also marks the processes that come from here.
    env: {
      PATH,
      HOME: folder,
      TMPDIR: join(folder, 'tmp'),
      NODE_COMPILE_CACHE: compileCache,
      // What a person has staged for the trainer of this checkout is no part of a test.
      TFJS_TENSORFLOW_HOME: '',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
    ...user,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const shown = (text: string): string => text.replaceAll(folder, 'FOLDER');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: shown(stdout), stderr: shown(stderr) }));
  });
}

/** Linux only; elsewhere nothing is found, and the check is void. */
async function processesOf(folder: string): Promise<readonly string[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found: string[] = [];
  for (const id of ids) {
    // A process may end while we look.
    const environ = await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '');
    if (!environ.includes(`TMPDIR=${join(folder, 'tmp')}`)) continue;
    const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    found.push(`${id}: ${command.replaceAll('\0', ' ')}`);
  }
  return found;
}

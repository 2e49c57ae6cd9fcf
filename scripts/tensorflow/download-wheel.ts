/**
 * Fetches a wheel with the user's own pip: its configuration says which index, mirror, proxy,
 * certificate and password to use, and none of that is ours to know.
 */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallFailure } from './install-failure.ts';
import type { Progress } from './progress.ts';
import { pythonVersion, type Wheel } from './releases.ts';
import { problemLine, runTool, type Surroundings, type ToolEnd } from './run-tool.ts';

/** In this order: python3 knows which of several pips is its own. */
const pips = [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const;

const wayOut =
  'install it (Debian: apt-get install python3-pip), or give a wheel or a folder with --source';

/** Short enough to look alive. */
const measureMs = 500;

/** The command of pip. @throws InstallFailure ToolMissing */
export async function findPip(surroundings: Surroundings): Promise<readonly [string, ...string[]]> {
  for (const pip of pips) {
    if (await answers(pip, surroundings)) return pip;
  }
  throw new InstallFailure(
    'ToolMissing',
    `pip is neither a module of python3 nor on the PATH; ${wayOut}.`,
  );
}

async function answers(
  pip: readonly [string, ...string[]],
  surroundings: Surroundings,
): Promise<boolean> {
  const [command, ...args] = pip;
  try {
    const end = await runTool({ command, args: [...args, '--version'], wayOut }, surroundings);
    return end.code === 0;
  } catch (error) {
    if (error instanceof InstallFailure && error.reason === 'ToolMissing') return false;
    throw error;
  }
}

/** What pip is asked, besides the command itself. */
export function downloadArguments(
  wheel: Wheel,
  folder: string,
  mirror?: string,
): readonly string[] {
  const [, tags = ''] = /-([^-]+)\.whl$/.exec(wheel.file) ?? [];
  return [
    'download',
    ...['--quiet', '--no-input', '--disable-pip-version-check'],
    // The wheel is kept unpacked; pip's cache would be a second copy.
    ...['--no-cache-dir', '--no-deps', '--only-binary=:all:'],
    ...['--implementation', 'cp', '--python-version', pythonVersion],
    ...tags.split('.').flatMap((tag) => ['--platform', tag]),
    ...['--dest', folder],
    ...(mirror === undefined ? [] : ['--index-url', mirror]),
    `${wheel.project}==${wheel.version}`,
  ];
}

/**
 * Downloads into the folder, which is pip's temporary one as well.
 * @returns path of the wheel, not yet verified.
 * @throws InstallFailure ToolMissing, DownloadFailed.
 */
export async function downloadWheel(
  wheel: Wheel,
  folder: string,
  mirror: string | undefined,
  { progress, ...surroundings }: Surroundings & { readonly progress: Progress },
): Promise<string> {
  const [command, ...args] = await findPip(surroundings);
  await mkdir(folder, { recursive: true });
  const run = { command, args: [...args, ...downloadArguments(wheel, folder, mirror)], wayOut };
  const env = { ...surroundings.env, TMPDIR: folder };
  const end = await progress.step(
    `download ${wheel.file}`,
    (report) => measured(folder, report, () => runTool(run, { ...surroundings, env })),
    wheel.bytes,
  );
  const file = join(folder, wheel.file);
  if (end.code === 0 && (await stat(file).catch(() => undefined)) !== undefined) return file;
  throw new InstallFailure('DownloadFailed', failedSentence(wheel, end));
}

function failedSentence({ project, version, file }: Wheel, { code, stderr }: ToolEnd): string {
  const why = code === 0 ? `it brought another file than ${file}` : whyOf(stderr);
  return `pip cannot download ${project} ${version} (${why}); check the network and pip's index (pip config list), or name a mirror with --mirror.`;
}

/** pip ends with "no matching distribution" whatever happened; a warning before it says why. */
function whyOf(stderr: string): string {
  const error = problemLine(stderr, /^ERROR: /);
  const warning = stderr
    .split('\n')
    .findLast((line) => line.startsWith('WARNING: '))
    ?.replace('WARNING: ', '');
  if (warning === undefined) return error;
  // … connection broken by 'NewConnectionError('<… object at 0x7f84>: Connection refused')': /simple/
  const [, connection] = /connection broken by '\w+\(["']?(.*?)["']?\)'/.exec(warning) ?? [];
  const why = connection?.replace(/^<.*?>: /, '') ?? warning.split('. ', 1)[0] ?? '';
  return `${error}: ${why}`;
}

/** Reports what the folder holds while the work goes on. */
async function measured<T>(
  folder: string,
  report: (bytes: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => void folderBytes(folder).then(report), measureMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Bytes of all files below; what vanishes while it is looked at counts nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(async ({ parentPath, name }) => {
    const found = await stat(join(parentPath, name)).catch(() => undefined);
    return found?.size ?? 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Takes the symbols that only a debugger reads out of the libraries: a quarter of their size. */
import { join } from 'node:path';
import { InstallFailure } from './install-failure.ts';
import { libraries } from './releases.ts';
import { problemLine, runTool, type Surroundings } from './run-tool.ts';

const wayOut = 'install it (Debian: apt-get install binutils), or leave out --strip';

/** @throws InstallFailure ToolMissing: asked first, so that nobody downloads for nothing. */
export async function requireStrip(surroundings: Surroundings): Promise<void> {
  await runTool({ command: 'strip', args: ['--version'], wayOut }, surroundings);
}

/** @throws InstallFailure BuildFailed. */
export async function stripLibraries(folder: string, surroundings: Surroundings): Promise<void> {
  const files = libraries.map((library) => join(folder, library));
  const end = await runTool(
    { command: 'strip', args: ['--strip-unneeded', ...files], wayOut },
    surroundings,
  );
  if (end.code === 0) return;
  throw new InstallFailure(
    'BuildFailed',
    `strip fails on TensorFlow's libraries (${problemLine(end.stderr, /^strip: /)}); leave out --strip.`,
  );
}

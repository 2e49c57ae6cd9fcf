/**
 * npm's part: the sources of the addon and what it imports, at the versions of packages/'s lockfile.
 * No script of a package runs; the packages' own installer would download an old library.
 */
import { copyFile, glob, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallFailure } from './install-failure.ts';
import { tfjsNodeVersion, type Release } from './releases.ts';
import { problemLine, runTool, type Surroundings } from './run-tool.ts';

/** package.json and package-lock.json of a home. */
export const packagesFolder = join(import.meta.dirname, 'packages');

const addonPackages = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'] as const;

/** @throws InstallFailure ToolMissing, DownloadFailed. */
export async function installPackages(
  home: string,
  npmPackage: Release['npmPackage'],
  surroundings: Surroundings,
): Promise<void> {
  for (const file of ['package.json', 'package-lock.json']) {
    await copyFile(join(packagesFolder, file), join(home, file));
  }
  const end = await runTool(
    {
      command: 'npm',
      args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      cwd: home,
      wayOut: 'it comes with Node.js: install that, or add its folder to the PATH',
    },
    surroundings,
  );
  if (end.code !== 0) {
    throw new InstallFailure(
      'DownloadFailed',
      `npm cannot install ${npmPackage} ${tfjsNodeVersion} (${npmProblem(end.stderr)}); check the network and npm's registry (npm config get registry).`,
    );
  }
  const others = addonPackages.filter((name) => name !== npmPackage);
  for (const name of others) await rm(join(home, 'node_modules', name), { recursive: true });
  await deleteSourceMaps(home);
}

/** `npm error code ECONNREFUSED` says most; other lines tell where npm keeps its log. */
function npmProblem(stderr: string): string {
  const code = /^npm error code (\S+)$/m.exec(stderr)?.[1];
  const lines = stderr
    .split('\n')
    .filter((line) => !/complete log|debug-\d|^npm error code/.test(line));
  const [first = ''] = lines.filter((line) => line.startsWith('npm error '));
  const text = first === '' ? problemLine(stderr, /^npm error /) : first.replace('npm error ', '');
  return code === undefined ? text : `${code}: ${text.replace(`${code} `, '')}`;
}

/** Two thirds of what npm installed, and nothing ever reads them. */
async function deleteSourceMaps(home: string): Promise<void> {
  for await (const map of glob('node_modules/**/*.map', { cwd: home })) await rm(join(home, map));
}

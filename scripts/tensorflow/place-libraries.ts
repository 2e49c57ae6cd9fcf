/**
 * Brings TensorFlow's libraries from their source to the folder in which the addon looks for them.
 * Each archive is deleted as soon as it is unpacked: the disk holds one at a time.
 */
import { constants } from 'node:fs';
import { copyFile, cp, mkdir, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { downloadJar } from './download-jar.ts';
import { downloadWheel } from './download-wheel.ts';
import { InstallFailure } from './install-failure.ts';
import type { Progress } from './progress.ts';
import { libraries, publishedArchive, type Archive, type Release } from './releases.ts';
import type { Surroundings } from './run-tool.ts';
import type { Source } from './source.ts';
import { unpackArchive } from './unpack-archive.ts';
import { verifyArchive } from './verify-archive.ts';

export interface Placing extends Surroundings {
  readonly progress: Progress;
}

/** @param deps folder that gets `lib/`, and for CUDA `nvidia/` beside it. */
export async function placeLibraries(
  source: Source,
  release: Release,
  deps: string,
  placing: Placing,
): Promise<void> {
  const downloads = join(deps, 'downloads');
  switch (source.kind) {
    case 'pip':
      for (const wheel of release.wheels) {
        const file = await downloadWheel(wheel, downloads, source.mirror, placing);
        await takeArchive(file, wheel, deps, placing);
        await rm(downloads, { recursive: true, force: true });
      }
      return;
    case 'maven': {
      const file = await downloadJar(jarOf(release), downloads, source.mirror, placing);
      await takeArchive(file, jarOf(release), deps, placing);
      await rm(downloads, { recursive: true, force: true });
      return;
    }
    case 'archive':
      return takeArchive(source.path, publishedArchive(basename(source.path)), deps, placing);
    case 'folder':
      return takeFolder(source, release, deps, placing.progress);
  }
}

/** What the disk must hold at once, in bytes. */
export function bytesNeeded(source: Source, release: Release): number {
  if (source.kind === 'folder' && source.isLinked) return packagesBytes;
  const archives =
    source.kind === 'pip' ? release.wheels : source.kind === 'maven' ? [jarOf(release)] : [];
  // pip writes a wheel to its temporary folder and then copies it.
  const copies = source.kind === 'pip' ? 2 : 1;
  const largest = Math.max(0, ...archives.map(({ bytes }) => bytes));
  return copies * largest + release.unpackedBytes + packagesBytes;
}

/** npm's packages before their source maps are deleted (320 MB), and the addon. */
const packagesBytes = 330_000_000;

function jarOf({ jar }: Release): NonNullable<Release['jar']> {
  if (jar !== undefined) return jar;
  throw new InstallFailure(
    'PlatformUnsupported',
    'The Maven repository has no library for this processor that is known to us; use --source pip.',
  );
}

/** @param published undefined for a file that somebody built: nothing is known of it. */
async function takeArchive(
  file: string,
  published: Archive | undefined,
  deps: string,
  { progress, signal }: Placing,
): Promise<void> {
  if (published !== undefined) {
    await progress.step(`verify ${published.file}`, () => verifyArchive(file, published, signal));
  }
  await progress.step(`unpack ${basename(file)}`, (report) =>
    unpackArchive(file, deps, { report, signal }),
  );
}

async function takeFolder(
  { path, isLinked }: Extract<Source, { kind: 'folder' }>,
  { npmPackage }: Release,
  deps: string,
  progress: Progress,
): Promise<void> {
  await mkdir(join(deps, 'lib'), { recursive: true });
  await progress.step(`${isLinked ? 'link' : 'copy'} the libraries of ${path}`, async () => {
    for (const library of libraries) {
      const target = join(deps, 'lib', library);
      if (isLinked) await symlink(join(path, library), target);
      // Costs nothing on a file system that can share blocks.
      else await copyFile(join(path, library), target, constants.COPYFILE_FICLONE);
    }
    if (npmPackage !== '@tensorflow/tfjs-node-gpu') return;
    const nvidia = await nvidiaBeside(path);
    if (isLinked) await symlink(nvidia, join(deps, 'nvidia'));
    else await cp(nvidia, join(deps, 'nvidia'), { recursive: true });
  });
}

/** CUDA's libraries: beside the folder as in site-packages, or in it. */
async function nvidiaBeside(folder: string): Promise<string> {
  for (const parent of [folder, dirname(folder)]) {
    const nvidia = join(parent, 'nvidia');
    if ((await stat(nvidia).catch(() => undefined))?.isDirectory() === true) return nvidia;
  }
  throw new InstallFailure(
    'StorageError',
    `Neither ${folder} nor the folder above it has nvidia/ with CUDA's libraries, which --cuda needs; install tensorflow[and-cuda] there, or use --source pip.`,
  );
}

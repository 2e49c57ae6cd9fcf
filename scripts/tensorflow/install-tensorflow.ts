/**
 * The story of an installation: check the machine, bring the libraries, build the addon, prove that
 * it computes, and only then let others see the folder. It is a home as `TFJS_TENSORFLOW_HOME`
 * names one, kept in the cache by everything that went into it.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buildOnce, cacheFolder } from '../cache.ts';
import { compileAddon, requireCompiler } from './compile-addon.ts';
import { findPip, folderBytes } from './download-wheel.ts';
import { requireSpace } from './free-space.ts';
import { InstallFailure } from './install-failure.ts';
import { installPackages, packagesFolder } from './install-packages.ts';
import { bytesNeeded, placeLibraries } from './place-libraries.ts';
import { releaseOn, type Platform } from './platform.ts';
import type { Progress } from './progress.ts';
import { tensorflowVersion, type Release, type Variant } from './releases.ts';
import type { Surroundings } from './run-tool.ts';
import { smokeTest } from './smoke-test.ts';
import { describeSource, sourceInputs, type Source } from './source.ts';
import { requireStrip, stripLibraries } from './strip-libraries.ts';

/** Raised when the same inputs give another folder. */
const layout = 'layout-1';

export interface InstallRequest {
  readonly variant: Variant;
  readonly source: Source;
  readonly isStripped: boolean;
  /** A folder of the caller's own in place of one in the cache. */
  readonly into?: string | undefined;
}

export interface InstallContext extends Surroundings {
  readonly platform: Platform;
  readonly cacheRoot: string;
  readonly progress: Progress;
}

/** What `installation.json` in the folder says of it. */
export interface Installation {
  readonly variant: Variant;
  readonly source: string;
  /** Package and version of the library, as the smoke test found them. */
  readonly backend: string;
  readonly bytes: number;
  /** Everything that went into it: another key, another folder. */
  readonly key: string;
}

export interface Installed extends Installation {
  readonly home: string;
  /** False where it was there before. */
  readonly isNew: boolean;
}

const recordFile = 'installation.json';

/**
 * @throws InstallFailure with what is missing; nothing half made is left.
 * @throws AbortError where the signal came.
 */
export async function installTensorflow(
  request: InstallRequest,
  context: InstallContext,
): Promise<Installed> {
  const { variant, source, isStripped, into } = request;
  const { platform, cacheRoot, progress, signal } = context;
  const release = releaseOn(platform, variant);
  const inputs = [
    ...[layout, tensorflowVersion, variant, platform.architecture, String(isStripped)],
    await readFile(join(packagesFolder, 'package-lock.json'), 'utf8'),
    ...(await sourceInputs(source)),
  ];
  const kept = cacheFolder(cacheRoot, `tensorflow-${variant}-${tensorflowVersion}`, inputs);
  const key = basename(kept);
  const home = into ?? kept;
  if (into !== undefined) await requireUsable(into, key);
  const build = async (): Promise<void> => {
    await requireTools(request, context);
    await requireSpace(home, bytesNeeded(source, release));
    progress.note(`TensorFlow ${tensorflowVersion} (${variant}) from ${describeSource(source)}`);
    const backend = await fill(home, { request, release, context });
    const bytes = await folderBytes(home);
    const record = { variant, source: describeSource(source), backend, bytes, key };
    await writeFile(join(home, recordFile), `${JSON.stringify(record, null, 2)}\n`);
  };
  const isNew = await buildOnce(home, build, {
    signal,
    onWait: () => progress.note(`Waiting for another process that installs into ${home}`),
  });
  return { ...(await readRecord(home)), home, isNew };
}

/** Before anything is downloaded. */
async function requireTools(
  { source, isStripped }: InstallRequest,
  context: InstallContext,
): Promise<void> {
  await requireCompiler(context);
  if (isStripped) await requireStrip(context);
  if (source.kind === 'pip') await findPip(context);
}

interface Filling {
  readonly request: InstallRequest;
  readonly release: Release;
  readonly context: InstallContext;
}

async function fill(home: string, { request, release, context }: Filling): Promise<string> {
  const { progress } = context;
  const tfjsNode = join(home, 'node_modules', release.npmPackage);
  // The small part first: what is wrong with npm shows before the large download.
  await progress.step('install the packages of npm', () =>
    installPackages(home, release.npmPackage, context),
  );
  const deps = join(tfjsNode, 'deps');
  await rm(deps, { recursive: true, force: true });
  await mkdir(deps);
  await placeLibraries(request.source, release, deps, context);
  if (request.isStripped) {
    await progress.step('strip the libraries', () => stripLibraries(join(deps, 'lib'), context));
  }
  await progress.step('build the addon', () => compileAddon(home, tfjsNode, context));
  return progress.step('compute a gradient', () => smokeTest(home, context));
}

async function readRecord(home: string): Promise<Installation> {
  return JSON.parse(await readFile(join(home, recordFile), 'utf8')) as Installation;
}

/** A folder of somebody's own is never emptied. */
async function requireUsable(folder: string, key: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  const record = await readRecord(folder).catch(() => undefined);
  if (record?.key === key) return;
  const what = record === undefined ? 'is not empty' : 'holds another installation';
  throw new InstallFailure(
    'StorageError',
    `--into ${folder} ${what}; delete it, or name a new folder.`,
  );
}

/**
 * Where TensorFlow's libraries come from: a registry, a file of one, or a folder that has them. Owns
 * the words of `--source`; the files behind it are opened elsewhere.
 */
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallFailure } from './install-failure.ts';
import { libraries } from './releases.ts';

export type Source =
  /** `mirror`: an index in place of the one that pip is configured for. */
  | { readonly kind: 'pip'; readonly mirror?: string }
  | { readonly kind: 'maven'; readonly mirror: string }
  /** A wheel or jar at hand. */
  | { readonly kind: 'archive'; readonly path: string }
  /** `isLinked`: the libraries stay where they are. */
  | { readonly kind: 'folder'; readonly path: string; readonly isLinked: boolean };

/**
 * The source that a path stands for.
 * @throws InstallFailure StorageError where nothing is there, or a folder without the libraries.
 */
export async function sourceAt(path: string, isLinked: boolean): Promise<Source> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new InstallFailure(
      'StorageError',
      `--source is ${path}, which is not there; give pip, maven, a folder with ${libraries.join(' and ')}, or a wheel.`,
    );
  }
  if (!found.isDirectory()) return { kind: 'archive', path: await realpath(path) };
  for (const folder of [path, join(path, 'lib')]) {
    if (await hasLibraries(folder))
      return { kind: 'folder', path: await realpath(folder), isLinked };
  }
  throw new InstallFailure(
    'StorageError',
    `--source ${path} has no ${libraries.join(' and ')}; give the folder that holds both, as site-packages/tensorflow does.`,
  );
}

async function hasLibraries(folder: string): Promise<boolean> {
  const found = libraries.map((library) => stat(join(folder, library)).catch(() => undefined));
  return (await Promise.all(found)).every((file) => file?.isFile() === true);
}

/** What makes an installation from this source another one: part of the key that it is kept by. */
export async function sourceInputs(source: Source): Promise<readonly string[]> {
  switch (source.kind) {
    // Their files are held to published checksums, whoever delivers them.
    case 'pip':
    case 'maven':
      return [source.kind];
    case 'archive':
      return [source.path, await stampOf(source.path)];
    case 'folder': {
      const stamps = libraries.map((library) => stampOf(join(source.path, library)));
      return [source.path, String(source.isLinked), ...(await Promise.all(stamps))];
    }
  }
}

async function stampOf(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  return `${size} ${mtimeMs}`;
}

/** In words, without a password: `pip`, or the path. */
export function describeSource(source: Source): string {
  if (source.kind === 'folder' || source.kind === 'archive') return source.path;
  return source.mirror === undefined
    ? source.kind
    : `${source.kind}, ${withoutLogin(source.mirror)}`;
}

/** @param address URL that may carry user name and password. */
export function withoutLogin(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}

/**
 * Reads files of the data set and says in one sentence why one cannot be read. Names in messages
 * are the ones of the manifest (`uri/path`); where that alone does not help, the local path too.
 */
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import { Failure } from '@tfjs-operator/api/failure.ts';

export interface DataFile {
  /** As the manifest names it. */
  readonly name: string;
  readonly path: string;
}

/** One read is at most this long: libuv takes lengths below 2^31. */
const READ_BYTES = 2 ** 30;

/** Names of neighbours that a message about a missing file shows. */
const NEIGHBOURS = 6;

/**
 * The file at a path below the data set's root.
 * @throws Failure BadConfig where the path leads out of the root.
 */
export function fileBelow(root: DataFile, path: string): DataFile {
  const local = resolve(root.path, path);
  const below = relative(root.path, local);
  if (isAbsolute(path) || below === '..' || below.startsWith('../')) {
    throw new Failure(
      'BadConfig',
      `dataset: the path "${path}" leads out of ${root.name}; give a path below dataset.uri.`,
    );
  }
  return {
    name: below === '' ? root.name : `${root.name.replace(/\/+$/, '')}/${below}`,
    path: local,
  };
}

/** All bytes of a file. @throws Failure DataError where it cannot be read. */
export async function readDataFile(file: DataFile, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    await using handle = await open(file.path, 'r');
    const { size } = await handle.stat();
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(bytes, at, Math.min(READ_BYTES, size - at), at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } catch (cause) {
    signal?.throwIfAborted();
    throw await unreadable(file, cause);
  }
}

/** The failure for a file or folder that the operating system does not give. */
export async function unreadable(file: DataFile, cause: unknown): Promise<Failure> {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new Failure(
      'DataError',
      `${file.name} does not exist (looked for ${file.path}${await neighbours(file.path)}); correct the path in dataset or mount the volume that holds it.`,
      { cause },
    );
  }
  if (code === 'EISDIR') {
    return new Failure('DataError', `${file.name} is a folder; name a file in it.`, { cause });
  }
  return new Failure(
    'DataError',
    `${file.name} cannot be read (${code} at ${file.path}); check the permissions and the volume.`,
    { cause },
  );
}

async function neighbours(path: string): Promise<string> {
  const folder = dirname(path);
  try {
    const names = (await readdir(folder)).filter((name) => name !== basename(path)).sort();
    if (names.length === 0) return '; its folder is empty';
    const more = names.length > NEIGHBOURS ? ', …' : '';
    return `; its folder holds ${names.slice(0, NEIGHBOURS).join(', ')}${more}`;
  } catch {
    // The folder itself is missing: its nearest existing parent would say little.
    return '; its folder does not exist';
  }
}

/**
 * From a URI of the run config to a path that this worker can open. A claim is mounted (by the
 * kubelet, or as a link by the local world) below one folder; a URI can never leave its claim.
 */
import { realpathSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '@tfjs-operator/api/failure.ts';

/** What the trainer can open; the API allows more. */
export function isOpenable(uri: string): boolean {
  return /^(file|pvc):\/\//.test(uri);
}

/**
 * @returns the path behind links: the one that a person knows, not that of a run's own folder.
 * @throws Failure BadConfig for a scheme that the trainer cannot open, or a path with `..`.
 */
export function resolveUri(uri: string, volumeRoot: string): string {
  if (uri.startsWith('file://')) return fileURLToPath(uri);
  const [, claim, path = ''] = /^pvc:\/\/([a-z0-9][a-z0-9.-]*)(?:\/(.*))?$/.exec(uri) ?? [];
  if (claim === undefined) {
    throw new Failure(
      'BadConfig',
      `The URI "${uri}" cannot be opened by the trainer; use pvc://CLAIM/path.`,
    );
  }
  const inside = normalize(path);
  if (isAbsolute(inside) || inside.split('/').includes('..')) {
    throw new Failure(
      'BadConfig',
      `The URI "${uri}" leaves its volume; remove ".." from the path.`,
    );
  }
  return join(realPath(join(volumeRoot, claim)), inside);
}

/**
 * The mount below which a URI lies: `pvc://claim/a/b` → `pvc://claim`. It must exist and is never
 * made; of a `file:` URI that is the machine's own root.
 */
export function volumeOf(uri: string): string {
  return /^pvc:\/\/[^/]+/.exec(uri)?.[0] ?? 'file:///';
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there: whoever opens it says so, with this name.
    return path;
  }
}

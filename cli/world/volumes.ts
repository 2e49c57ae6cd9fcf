/**
 * PersistentVolumeClaims as folders: each claim is a folder of the machine, linked into one volume
 * root that the workers get. Creates folders only for claims that the job writes to; never deletes.
 */
import { existsSync, mkdirSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { parseClaimUri, type Claim } from '@tfjs-operator/operator/trainingjob/claims.ts';
import { problemOf } from './system-error.ts';

export interface VolumeOptions {
  readonly claims: readonly Claim[];
  /** Absolute folder by claim, from `--volume CLAIM=PATH`. */
  readonly given: ReadonlyMap<string, string>;
  /** Folder of the claims that are not given: a claim is shared by all jobs, as in a namespace. */
  readonly defaultDirectory: string;
}

export interface Volumes {
  /** Real folder by claim. */
  readonly folders: ReadonlyMap<string, string>;
  /** The real path behind a `pvc://` or `file://` URI; undefined for one that is not local. */
  pathOf(uri: string): string | undefined;
}

/**
 * Finds or creates the folder of each claim.
 * @throws Failure UsageError for a `--volume` of a claim that the job does not name;
 * StorageError for one whose folder is missing or no folder.
 */
export function findVolumes({ claims, given, defaultDirectory }: VolumeOptions): Volumes {
  for (const name of given.keys()) assertNamed(name, claims);
  const folders = new Map<string, string>();
  for (const claim of claims) {
    const path = given.get(claim.name);
    folders.set(
      claim.name,
      path === undefined ? defaultFolder(claim, defaultDirectory) : givenFolder(claim, path),
    );
  }
  return { folders, pathOf: (uri) => pathOf(uri, folders) };
}

/** Makes the folder of links that the workers know as TFJS_VOLUME_ROOT. */
export function linkVolumes(volumes: Volumes, root: string): void {
  mkdirSync(root, { recursive: true });
  for (const [claim, folder] of volumes.folders) symlinkSync(folder, join(root, claim));
}

function assertNamed(name: string, claims: readonly Claim[]): void {
  if (claims.some((claim) => claim.name === name)) return;
  const names = claims.map((claim) => claim.name).join(', ') || 'none';
  throw new Failure(
    'UsageError',
    `--volume ${name}=… names a claim that the job does not use; its claims: ${names}.`,
  );
}

function givenFolder(claim: Claim, path: string): string {
  if (claim.isWritten) makeFolder(claim, path);
  if (existsSync(path) && statSync(path).isDirectory()) return realpathSync(path);
  throw new Failure(
    'StorageError',
    `--volume ${claim.name}=${path}: there is no such folder; ${claim.fields.join(' and ')} needs it.`,
  );
}

function defaultFolder(claim: Claim, defaultDirectory: string): string {
  const folder = join(defaultDirectory, claim.name);
  if (claim.isWritten) makeFolder(claim, folder, ' or --runs');
  if (existsSync(folder)) return realpathSync(folder);
  throw new Failure(
    'StorageError',
    `${claim.fields.join(' and ')} names the claim "${claim.name}", which has no folder here; ` +
      `say where it is with --volume ${claim.name}=PATH.`,
  );
}

/** @param orElse another option that leads to another folder. */
function makeFolder(claim: Claim, folder: string, orElse = ''): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const field = claim.fields.join(' and ');
    throw new Failure(
      'StorageError',
      `The folder ${folder} for ${field} cannot be made: ${problemOf(cause)}; choose another with --volume ${claim.name}=PATH${orElse}.`,
      { cause },
    );
  }
}

function pathOf(uri: string, folders: ReadonlyMap<string, string>): string | undefined {
  if (uri.startsWith('file://')) return fileURLToPath(uri);
  const parsed = parseClaimUri(uri);
  const folder = parsed && folders.get(parsed.claim);
  if (folder === undefined || parsed === undefined) return undefined;
  const path = resolve(folder, parsed.path);
  return path === folder || path.startsWith(folder + sep) ? path : undefined;
}

/**
 * Turns an errno of the file system into the sentence that a person reads. Owns the words; never
 * decides what happens next.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';

/** The field of the manifest that names the place. */
export type StorageField = 'checkpoint.uri' | 'output.uri';

/** @param doing what was tried: `save the checkpoint step-5 in /checkpoints`. */
export function storageFailure(doing: string, error: unknown, field: StorageField): Failure {
  if (error instanceof Failure) return error;
  const code = errorCode(error);
  const found = (code !== undefined && causesFor(field)[code]) || unknownCause(code, error);
  return new Failure('StorageError', `Cannot ${doing}: ${found}`, { cause: error });
}

/** The errno name of a system error, for example ENOSPC. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const makeRoom: Readonly<Record<StorageField, string>> = {
  'checkpoint.uri':
    'Make room, lower checkpoint.keep or enlarge the volume, then start again to resume.',
  'output.uri': 'Make room or enlarge the volume, then start again.',
};

function causesFor(field: StorageField): Readonly<Record<string, string>> {
  const full = makeRoom[field];
  const gone = `Mount the volume or correct ${field}.`;
  const denied = `Give the user of the process write access (fsGroup on Kubernetes), or change ${field}.`;
  return {
    ENOSPC: `no space is left on the device. ${full}`,
    EDQUOT: `the disk quota is used up. ${full}`,
    EFBIG: `the file would be larger than the file system or the process limit allows. ${full}`,
    ENOENT: `the directory does not exist. ${gone}`,
    ENOTDIR: `a part of the path is a file, not a directory. Correct ${field}.`,
    EEXIST: `a file is in its place. Remove it or change ${field}.`,
    EACCES: `access is denied. ${denied}`,
    EPERM: `the operation is not permitted. ${denied}`,
    EROFS: `the file system is mounted read-only. ${denied}`,
    EIO: `the device reports an input/output error. Check the disk, or change ${field}.`,
    EMFILE: 'too many files are open. Raise the limit of open files (ulimit -n).',
  };
}

function unknownCause(code: string | undefined, error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return `${code === undefined || words.includes(code) ? '' : `${code}: `}${words}.`;
}

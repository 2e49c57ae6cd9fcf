/** Errors of the operating system in words; the codes say nothing to most people. */

const problems: Readonly<Record<string, string>> = {
  EACCES: 'access is denied',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a file is in its place',
  EFBIG: 'the file would be larger than allowed',
  EISDIR: 'it is a folder',
  EMFILE: 'too many files are open (ulimit -n)',
  ENOENT: 'it does not exist',
  ENOSPC: 'no space is left on the device',
  ENOTDIR: 'a part of the path is a file',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only',
};

export function isSystemError(error: unknown): error is NodeJS.ErrnoException & {
  readonly code: string;
  readonly syscall: string;
} {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof syscall === 'string';
}

/** The rest of a sentence: `… cannot be made: access is denied`. */
export function problemOf(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return problems[code] ?? (code === '' ? String(error) : `the system says ${code}`);
}

/** Writes report.html. A reader finds the whole page or none: written beside, then renamed. */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { Result } from '@tfjs-operator/api/result.ts';
import { renderReport } from './render-report.ts';

/** @throws Failure(StorageError) where the file cannot be written. */
export async function writeReport(result: Result, path: string): Promise<void> {
  const beside = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(beside, renderReport(result), { flush: true });
    await rename(beside, path);
  } catch (error) {
    await Promise.allSettled([rm(beside, { force: true })]);
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === '') throw error;
    const why = reasons[code] ?? `the system says ${code}`;
    throw new Failure('StorageError', `Cannot write the report ${path}: ${why}.`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device; make room and run the evaluation again',
  EDQUOT: 'the disk quota is used up; make room and run the evaluation again',
  ENOENT: 'its directory does not exist; make it or change output.uri',
  ENOTDIR: 'a part of the path is a file; change output.uri',
  EISDIR: 'a directory is in its place; remove it or change output.uri',
  EACCES: 'access is denied; give the user of the process write access or change output.uri',
  EPERM: 'the operation is not permitted; change the permissions or output.uri',
  EROFS: 'the file system is read-only; mount it writable or change output.uri',
};

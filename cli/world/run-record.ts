/**
 * The small record of a job in its run folder (`job.json`): its uid, how its last run ended, and the
 * process that runs it now. Plays the part that the API server plays on a cluster.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { problemOf } from './system-error.ts';

/** How the name of a run's temporary folder starts. */
export const stateFolderPrefix = 'tfjsctl-';

export interface RunRecord {
  readonly uid: string;
  readonly runConfigDigest: string;
  /** `Running`, `Complete`, `Interrupted`, or the reason of the failure. */
  readonly outcome: string;
  /** The tfjsctl process of an outcome `Running`, and the temporary folder that it removes. */
  readonly pid?: number;
  readonly stateFolder?: string;
}

/** @throws Failure StorageError where it cannot be made. */
export function makeRunFolder(runFolder: string): void {
  inWords(runFolder, 'made', () => mkdirSync(runFolder, { recursive: true }));
}

/** The record, or undefined before the first run. */
export function readRecord(runFolder: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(runFolder), 'utf8')) as RunRecord;
  } catch {
    // None yet, or one that a crash cut off: the job starts as a new one.
    return undefined;
  }
}

/** Replaces the record in one step. @throws Failure StorageError; the record before is kept then. */
export function writeRecord(runFolder: string, record: RunRecord): void {
  makeRunFolder(runFolder);
  const temporary = `${recordFile(runFolder)}.new`;
  inWords(runFolder, 'written', () => {
    try {
      writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`);
      renameSync(temporary, recordFile(runFolder));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

function inWords(runFolder: string, what: 'made' | 'written', work: () => void): void {
  try {
    work();
  } catch (cause) {
    throw new Failure(
      'StorageError',
      `The folder ${runFolder} for logs and records cannot be ${what}: ${problemOf(cause)}; choose another with --runs.`,
      { cause },
    );
  }
}

/** @throws Failure UsageError while another process runs the job: both would write one checkpoint. */
export function assertNotRunning(runFolder: string, record: RunRecord | undefined): void {
  if (record?.outcome !== 'Running' || record.pid === undefined || !isAlive(record.pid)) return;
  if (record.pid === process.pid) return;
  throw new Failure(
    'UsageError',
    `Process ${record.pid} is running this job in ${runFolder}; wait for it, or take another folder with --runs.`,
  );
}

/** Removes what a run left that was killed before it could. */
export function removeLeftovers(record: RunRecord | undefined): void {
  const folder = record?.stateFolder;
  // The record is a file that anybody may edit: only a folder of our own making is removed.
  if (folder === undefined || !basename(folder).startsWith(stateFolderPrefix)) return;
  rmSync(folder, { recursive: true, force: true });
}

function recordFile(runFolder: string): string {
  return join(runFolder, 'job.json');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

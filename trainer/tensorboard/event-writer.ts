/**
 * One TensorBoard event file: collects records and appends them now and then. Never rewrites what
 * is on disk; a file that ends in half a record (a killed process) is read up to there.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '@tfjs-operator/api/failure.ts';
import { storageFailure } from '../storage-failure.ts';
import { encodeFileVersion, encodeScalars, encodeSessionStart } from './event.ts';
import { frameRecord } from './tf-record.ts';

export interface EventWriterOptions {
  /** Optimizer updates done before this process: 0, or the step that it resumes from. */
  readonly startStep: number;
  /** Unix time in seconds. */
  readonly now: () => number;
}

/** About a thousand scalars: a write every few seconds at most, and little to lose. */
const flushBytes = 64 * 1024;

/** Opened with `openEventWriter`. Flushes run one after the other. */
export class EventWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #now: () => number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #written: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, path: string, options: EventWriterOptions) {
    this.#file = file;
    this.#path = path;
    this.#now = options.now;
    this.#append(encodeFileVersion(this.#now()));
    this.#append(encodeSessionStart(this.#now(), options.startStep + 1));
  }

  /** Scalars of a step by tag, for example `{'epoch/loss': 0.3}`. Returns at once. */
  addScalars(step: number, scalars: Readonly<Record<string, number>>): void {
    if (Object.keys(scalars).length === 0) return;
    this.#append(encodeScalars(this.#now(), step, scalars));
    // A failure stays in the promise, for the next flush or close to tell.
    if (this.#pendingBytes >= flushBytes) this.flush().catch(() => undefined);
  }

  /** Everything added so far is in the file. Rejects with Failure(StorageError). */
  flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#written = this.#written.then(() => this.#write(bytes));
    return this.#written;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  #append(event: Uint8Array): void {
    const record = frameRecord(event);
    this.#pending.push(record);
    this.#pendingBytes += record.length;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(bytes);
    } catch (error) {
      throw eventFailure(this.#path, error);
    }
  }
}

/**
 * Makes the directory and a new file in it; files of earlier processes stay and are read with it.
 * @throws Failure(StorageError)
 */
export async function openEventWriter(
  directory: string,
  options: EventWriterOptions,
): Promise<EventWriter> {
  // TensorBoard reads files whose names hold "tfevents", in the order of their names (the time).
  const seconds = String(Math.floor(options.now())).padStart(10, '0');
  const unique = `${process.pid}.${randomBytes(3).toString('hex')}`;
  const path = join(directory, `events.out.tfevents.${seconds}.${hostname()}.${unique}`);
  let file: FileHandle;
  try {
    await mkdir(directory, { recursive: true });
    file = await open(path, 'ax');
  } catch (error) {
    throw eventFailure(path, error);
  }
  return new EventWriter(file, path, options);
}

function eventFailure(path: string, error: unknown): Failure {
  return storageFailure(`write TensorBoard events to ${path}`, error, 'output.uri');
}

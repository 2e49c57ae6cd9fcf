/**
 * Reads rank 0's progress document at intervals, as the operator's poller does. Keeps the last one
 * that was read: a worker that restarts or computes for long answers later.
 */
import { readFile } from 'node:fs/promises';
import type { Progress } from '@tfjs-operator/api/progress.ts';

/** Fast enough for a display, slow enough to cost a worker nothing. */
const intervalMs = 500;
/** An eager step blocks the worker's event loop; the next poll waits for this one. */
const timeoutMs = 5_000;

export interface ProgressPollerOptions {
  /** rank-0.json in the peers folder; its `http` is the address. */
  readonly addressFile: string;
  readonly jobUid: string;
  /** Called after each poll, also after one without an answer. */
  readonly onPoll: (progress: Progress | null) => void;
}

export class ProgressPoller {
  readonly #options: ProgressPollerOptions;
  #latest: Progress | null = null;

  constructor(options: ProgressPollerOptions) {
    this.#options = options;
  }

  get latest(): Progress | null {
    return this.#latest;
  }

  /** Polls until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#latest = (await this.#poll(signal)) ?? this.#latest;
      if (!signal.aborted) this.#options.onPoll(this.#latest);
      await pause(intervalMs, signal);
    }
  }

  async #poll(signal: AbortSignal): Promise<Progress | null> {
    try {
      const { http } = JSON.parse(await readFile(this.#options.addressFile, 'utf8')) as {
        http?: unknown;
      };
      if (typeof http !== 'string') return null;
      const response = await fetch(`http://${http}/progress`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      return this.#accept(await response.json());
    } catch {
      // Not up yet, restarting, or busy: the next poll tells. A worker's end is seen elsewhere.
      return null;
    }
  }

  /** A document of this job in the version that we know; anything else is nobody's progress. */
  #accept(document: unknown): Progress | null {
    const progress = document as Partial<Progress> | null;
    const isOurs = progress?.schemaVersion === 1 && progress.job?.uid === this.#options.jobUid;
    return isOurs ? (progress as Progress) : null;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

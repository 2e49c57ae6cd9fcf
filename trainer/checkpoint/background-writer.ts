/**
 * The training thread's side of saving: copies the state at once, keeps one save running and at
 * most one waiting, and starts the thread that writes. Two buffers are enough for that, and they
 * are used again.
 *
 * A save that still waits when a newer one comes is replaced by it: its promise resolves with the
 * newer receipt, because then a state at least as new as it asked for is durable.
 */
import { Worker } from 'node:worker_threads';
import type { CheckpointReceipt } from '@tfjs-operator/api/checkpoint.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { takeSnapshot, type Snapshot } from './snapshot.ts';
import type { TrainingState } from './training-state.ts';
import type { WriteAnswer, WriteRequest, WriterSettings } from './writer-thread.ts';

interface Save {
  readonly snapshot: Snapshot;
  readonly settled: Promise<CheckpointReceipt>;
  readonly resolve: (receipt: CheckpointReceipt) => void;
  readonly reject: (error: Error) => void;
}

export class BackgroundWriter {
  readonly #thread: Worker;
  readonly #damaged: ReadonlySet<string>;
  #running: Save | undefined;
  #waiting: Save | undefined;
  /** Buffer of a save that has ended. */
  #spare: SharedArrayBuffer | undefined;
  #ended: Error | undefined;

  /** @param damaged folders found damaged so far; read at each save. */
  constructor(settings: WriterSettings, damaged: ReadonlySet<string>) {
    this.#damaged = damaged;
    this.#thread = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: settings,
      name: 'checkpoint-writer',
    });
    this.#thread.on('message', (answer: WriteAnswer) => this.#settle(answer));
    this.#thread.on('error', (error) => this.#end(error));
    this.#thread.on('exit', () => this.#end(new Error('The checkpoint writer has ended.')));
    // An idle writer must not keep a process alive whose work is done; after the listeners, which ref it.
    this.#thread.unref();
  }

  /** Copies before it returns; resolves when the state, or a newer one, is durable. */
  save(state: TrainingState, time: Date): Promise<CheckpointReceipt> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const replaced = this.#waiting;
    const kept = replaced?.snapshot.buffer ?? this.#spare;
    const snapshot = takeSnapshot(state, time, kept);
    if (kept === this.#spare) this.#spare = undefined;
    const { promise, resolve, reject } = Promise.withResolvers<CheckpointReceipt>();
    this.#waiting = { snapshot, settled: promise, resolve, reject };
    if (replaced !== undefined) promise.then(replaced.resolve, replaced.reject);
    this.#startNext();
    return promise;
  }

  /** Waits for the saves under way, then ends the thread. Their failures go to who asked for them. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#running?.settled, this.#waiting?.settled]);
    this.#ended ??= new Error('The checkpoint writer is closed.');
    await this.#thread.terminate();
  }

  #startNext(): void {
    if (this.#running !== undefined || this.#waiting === undefined) return;
    this.#running = this.#waiting;
    this.#waiting = undefined;
    this.#thread.ref();
    const damaged = [...this.#damaged];
    const request: WriteRequest = { snapshot: this.#running.snapshot, damaged };
    this.#thread.postMessage(request);
  }

  #settle(answer: WriteAnswer): void {
    const save = this.#running;
    this.#running = undefined;
    this.#thread.unref();
    if (save === undefined) return;
    this.#spare = save.snapshot.buffer;
    if ('receipt' in answer) save.resolve(answer.receipt);
    else save.reject(new Failure('StorageError', answer.failure));
    this.#startNext();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#running?.reject(this.#ended);
    this.#waiting?.reject(this.#ended);
    this.#running = undefined;
    this.#waiting = undefined;
  }
}

/**
 * Batches ahead of the training thread: a worker thread fills a ring of shared slots in the order
 * of the requests, and the training thread takes and releases them. A slot that is released goes
 * to the next request at once, also while the training thread is busy in a kernel.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  createAssembly,
  type AssemblyOptions,
  type BatchData,
  type BatchRequest,
} from './batch-assembly.ts';
import { slotBytes, slotViews } from './batch-slot.ts';
import type { Order, WorkerInput } from './batch-worker.ts';

export type { BatchRequest } from './batch-assembly.ts';

export interface Batch {
  /** [count, ...sampleShape], standardised, augmented where asked; valid until release(). */
  readonly x: Float32Array;
  /** Class indices (Int32Array), or [count, labelWidth] numbers (Float32Array). */
  readonly y: Float32Array | Int32Array;
  readonly count: number;
  /** Gives the memory back to the ring: x and y must have been copied or uploaded before. */
  release(): void;
}

export interface BatchSource {
  /** Queues requests; as many as there are slots are worked on ahead. @throws RangeError */
  prefetch(requests: readonly BatchRequest[]): void;
  /** The next request's batch, in the order of prefetch. Rejects where no request is open. */
  next(): Promise<Batch>;
  /** Ends the thread; open next() calls reject. */
  close(): Promise<void>;
}

export interface BatchOptions extends AssemblyOptions {
  /** Slots of the ring: batches in preparation, ready or held at one time. */
  readonly depth: number;
}

/** @throws Failure BadConfig where the augmentation does not fit the samples. */
export async function openBatches(dataset: BatchData, options: BatchOptions): Promise<BatchSource> {
  const { features, labels, labelWidth, sampleShape, splits, standardization } = dataset;
  const data = { features, labels, labelWidth, sampleShape, splits, standardization };
  const { seed, augmentation, depth } = options;
  if (!(Number.isInteger(depth) && depth >= 1)) throw new RangeError(`A ring of ${depth} slots.`);
  // For its checks: a bad config is to fail here and not in the thread.
  createAssembly(data, options);
  const input: WorkerInput = { data, options: { seed, augmentation } };
  const worker = new Worker(new URL('./batch-worker.ts', import.meta.url), { workerData: input });
  await once(worker, 'message');
  return new BatchRing(worker, data, depth);
}

interface Slot {
  memory: SharedArrayBuffer;
}

interface OpenBatch {
  readonly slot: Slot;
  readonly count: number;
}

interface Waiter {
  resolve(batch: Batch): void;
  reject(error: Error): void;
}

class BatchRing implements BatchSource {
  readonly #worker: Worker;
  readonly #data: BatchData;
  readonly #free: Slot[];
  readonly #requests: BatchRequest[] = [];
  readonly #ordered: OpenBatch[] = [];
  readonly #waiters: Waiter[] = [];
  #ended: Error | undefined;

  constructor(worker: Worker, data: BatchData, depth: number) {
    this.#worker = worker;
    this.#data = data;
    this.#free = Array.from({ length: depth }, () => ({ memory: new SharedArrayBuffer(0) }));
    worker.on('message', () => this.#deliver());
    worker.on('error', (error) =>
      this.#end(new Error('The data thread failed.', { cause: error })),
    );
    worker.on('exit', () => this.#end(new Error('The data thread ended.')));
  }

  prefetch(requests: readonly BatchRequest[]): void {
    for (const request of requests) {
      const { split, start, end } = request;
      const rows = this.#data.splits[split].length;
      if (!(start >= 0 && start <= end && end <= rows)) {
        throw new RangeError(`Positions [${start}, ${end}) are not in the ${rows} of ${split}.`);
      }
      this.#requests.push(request);
    }
    this.#order();
  }

  next(): Promise<Batch> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#requests.length + this.#ordered.length <= this.#waiters.length) {
      return Promise.reject(new RangeError('next() without a request: prefetch first.'));
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#deliver();
    });
  }

  async close(): Promise<void> {
    this.#end(new Error('The batches are closed.'));
    await this.#worker.terminate();
  }

  /** Hands requests to the thread while there are free slots. */
  #order(): void {
    while (this.#free.length > 0 && this.#requests.length > 0 && !this.#ended) {
      const slot = this.#free.shift()!;
      const request = this.#requests.shift()!;
      const count = request.end - request.start;
      const bytes = slotBytes(this.#data, count);
      if (slot.memory.byteLength < bytes) slot.memory = new SharedArrayBuffer(bytes);
      Atomics.store(slotViews(slot.memory, this.#data, 0).ready, 0, 0);
      this.#ordered.push({ slot, count });
      const order: Order = { request, memory: slot.memory };
      this.#worker.postMessage(order);
    }
  }

  #deliver(): void {
    while (this.#waiters.length > 0 && this.#ordered.length > 0) {
      const { slot, count } = this.#ordered[0]!;
      const { ready, x, y } = slotViews(slot.memory, this.#data, count);
      if (Atomics.load(ready, 0) === 0) return;
      this.#ordered.shift();
      this.#waiters.shift()!.resolve({ x, y, count, release: this.#releaseOf(slot) });
    }
  }

  #releaseOf(slot: Slot): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#free.push(slot);
      this.#order();
    };
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#ended);
  }
}

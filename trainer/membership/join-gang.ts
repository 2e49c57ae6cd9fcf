/**
 * The training thread's side: starts the I/O thread, and is a Collective whose work is done there.
 * Requests are posted, so they leave even while this thread goes on computing the next bucket.
 */
import { Worker } from 'node:worker_threads';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { chooseAlgorithm } from '../collective/choose-algorithm.ts';
import type { AllReduceResult, Collective, CollectiveStats } from '../collective/collective.ts';
import type { Work } from '../collective/plan-operation.ts';
import type { Gang, GangOptions } from './gang.ts';
import { type FromIo, type IoOptions, type ToIo, toFailure } from './io-messages.ts';

/** The I/O thread says goodbye to peers in milliseconds; if it hangs, it is ended. */
const leaveTimeoutMs = 3000;

type Formed = Extract<FromIo, { type: 'formed' }>;

/**
 * Resolves when all workers came and each can reach each.
 * @throws Failure AddressInUse, GangIncomplete, BadConfig, PeerLost; the signal's reason when aborted
 */
export async function joinGang(options: GangOptions): Promise<Gang> {
  const { signal, ...ioOptions } = options;
  signal?.throwIfAborted();
  const thread = new IoThread(ioOptions);
  const onAbort = (): void => void thread.leave();
  signal?.addEventListener('abort', onAbort);
  try {
    const formed = await thread.formed;
    signal?.throwIfAborted();
    return createGang(options, thread, formed);
  } catch (error) {
    await thread.leave();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function createGang(options: GangOptions, thread: IoThread, formed: Formed): Gang {
  const { rank, replicas: worldSize, allReduce } = options;
  const { membershipEpoch, members } = formed;
  const collective: Collective = {
    rank,
    worldSize,
    membershipEpoch,
    algorithm: chooseAlgorithm(allReduce.algorithm, worldSize, allReduce.bucketBytes),
    allReduce: (request) => thread.run({ name: 'allReduce', ...request }),
    async broadcast(request) {
      await thread.run({ name: 'broadcast', ...request });
    },
    async barrier(step) {
      await thread.run({ name: 'barrier', step });
    },
    stats: () => thread.stats,
    close: () => thread.leave(),
  };
  const { lost } = thread;
  const leave = (): Promise<void> => thread.leave();
  return { rank, worldSize, membershipEpoch, members, collective, lost, leave };
}

interface Waiting {
  readonly resolve: (result: AllReduceResult) => void;
  readonly reject: (error: Error) => void;
}

/** The thread's life: started, formed or failed, lost or left, ended. */
class IoThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #formed = Promise.withResolvers<Formed>();
  readonly #lost = Promise.withResolvers<Failure>();
  readonly #ended = Promise.withResolvers<void>();
  #over: Failure | undefined;
  #lastId = 0;
  #isLeaving = false;
  stats: CollectiveStats = { bytesSent: 0, bytesReceived: 0, seconds: 0, dropped: 0 };

  constructor(options: IoOptions) {
    this.#worker = new Worker(new URL('./io-thread.ts', import.meta.url), { workerData: options });
    this.#worker.on('message', (message: FromIo) => this.#hear(message));
    this.#worker.on('error', (error) => this.#end(threadFailure(error)));
    this.#worker.on('exit', () => {
      this.#end(threadFailure(undefined));
      this.#ended.resolve();
    });
    this.#formed.promise.catch(() => undefined);
  }

  get formed(): Promise<Formed> {
    return this.#formed.promise;
  }

  get lost(): Promise<Failure> {
    return this.#lost.promise;
  }

  run(work: Work): Promise<AllReduceResult> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ type: 'run', id, work } satisfies ToIo);
    });
  }

  async leave(): Promise<void> {
    if (!this.#isLeaving) {
      this.#isLeaving = true;
      this.#worker.postMessage({ type: 'leave' } satisfies ToIo);
      const timer = setTimeout(() => void this.#worker.terminate(), leaveTimeoutMs);
      await this.#ended.promise;
      clearTimeout(timer);
    }
    await this.#ended.promise;
  }

  #hear(message: FromIo): void {
    switch (message.type) {
      case 'formed':
        return this.#formed.resolve(message);
      case 'failed':
        return this.#formed.reject(toFailure(message.error));
      case 'done':
        this.stats = message.stats;
        this.#waiting.get(message.id)?.resolve(message.result);
        this.#waiting.delete(message.id);
        return;
      case 'rejected':
        this.#waiting.get(message.id)?.reject(toFailure(message.error));
        this.#waiting.delete(message.id);
        return;
      case 'lost':
        return this.#end(toFailure(message.error));
      case 'left':
        return;
    }
  }

  /** Nothing will come any more: all that wait learn why. */
  #end(failure: Failure): void {
    if (this.#over !== undefined) return;
    this.#over = failure;
    this.#formed.reject(failure);
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
    if (!this.#isLeaving) this.#lost.resolve(failure);
  }
}

function threadFailure(error: unknown): Failure {
  const why = error instanceof Error ? error.message : 'it has ended';
  return new Failure('InternalError', `The I/O thread of this worker is gone: ${why}.`, {
    cause: error,
  });
}

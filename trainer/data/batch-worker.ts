/**
 * The data thread: assembles the batches that batches.ts asks for into shared slots, one at a time
 * in the order of the messages. Knows nothing of steps, ranks or the ring.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  createAssembly,
  type AssemblyOptions,
  type BatchData,
  type BatchRequest,
} from './batch-assembly.ts';
import { slotViews } from './batch-slot.ts';

export interface WorkerInput {
  readonly data: BatchData;
  readonly options: AssemblyOptions;
}

export interface Order {
  readonly request: BatchRequest;
  readonly memory: SharedArrayBuffer;
}

const { data, options } = workerData as WorkerInput;
const assemble = createAssembly(data, options);

parentPort?.on('message', ({ request, memory }: Order) => {
  const { x, y, ready } = slotViews(memory, data, request.end - request.start);
  assemble(request, x, y);
  // The flag lets a training thread that is busy see the batch without a turn of its event loop.
  Atomics.store(ready, 0, 1);
  parentPort?.postMessage('ready');
});
parentPort?.postMessage('open');

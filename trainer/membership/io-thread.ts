/**
 * Entry of the I/O thread. It exists because a training thread blocks its event loop for whole steps
 * (tfjs-node even while it waits for a device): gRPC has to answer meanwhile.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type FromIo, type IoOptions, type ToIo, toPlainError } from './io-messages.ts';
import { startWorkerEnd, type WorkerEnd } from './worker-end.ts';

const port = parentPort;
if (port === null) throw new Error('io-thread.ts runs as a worker thread only');
const options = workerData as IoOptions;
const stop = new AbortController();
let end: WorkerEnd | undefined;

const say = (message: FromIo): void => port.postMessage(message);

/** Ends this thread (not the process): a half-closed socket of a slow peer must not keep it. */
const finish = (): never => process.exit();

async function run(request: Extract<ToIo, { type: 'run' }>): Promise<void> {
  const { id, work } = request;
  try {
    if (end === undefined) throw new Error('the gang is not formed');
    const result = await end.engine.run(work);
    say({ type: 'done', id, result, stats: end.stats() });
  } catch (error) {
    say({ type: 'rejected', id, error: toPlainError(error) });
  }
}

async function leave(): Promise<void> {
  stop.abort();
  await end?.leave();
  say({ type: 'left' });
  finish();
}

port.on('message', (message: ToIo) => {
  if (message.type === 'run') void run(message);
  else void leave();
});

try {
  end = await startWorkerEnd(
    options,
    (failure) => say({ type: 'lost', error: toPlainError(failure) }),
    stop.signal,
  );
  say({ type: 'formed', ...end.formed });
} catch (error) {
  say({ type: 'failed', error: toPlainError(error) });
  finish();
}

/**
 * The trainer's process: reads who it is, lives a worker's life, and leaves a documented exit code
 * and one sentence. The only file that touches signals, the environment and process.exit.
 */
import { Socket } from 'node:net';
import { pino } from 'pino';
import { environment } from '@tfjs-operator/api/environment.ts';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { runWorker } from './run/worker.ts';
import { terminationOf, writeTermination, type Termination } from './termination.ts';
import { readWorkerSettings } from './worker-settings.ts';

const env = process.env;
const log = pino({
  level: env[environment.logLevel] ?? 'info',
  base: { rank: Number(env[environment.rank]) },
});
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    log.info({ signal }, 'asked to stop; leaving at the next step boundary');
    stop.abort(
      new Failure(
        'Interrupted',
        'Asked to stop before the training began; nothing is lost, run the same job again.',
      ),
    );
  });
}

const parentFd = env[environment.parentFd];
if (parentFd !== undefined) {
  // The pipe never carries data: its end says that the parent is gone, however it went.
  const pipe = new Socket({ fd: Number(parentFd), readable: true, writable: false });
  const leave = (): never => process.exit(exitStatuses.PeerLost.code);
  pipe.on('end', leave).on('error', leave).resume();
}

async function live(): Promise<Termination> {
  try {
    return await runWorker({ settings: await readWorkerSettings(env), log, stop: stop.signal });
  } catch (error) {
    const termination = terminationOf(error);
    if (termination.reason === 'InternalError') log.fatal({ err: error }, termination.message);
    else log.error({ reason: termination.reason }, termination.message);
    return termination;
  }
}

const termination = await live();
writeTermination(env[environment.terminationLog], termination);
// Threads and sockets of a failed run must not keep the process alive.
process.exit(exitStatuses[termination.reason].code);

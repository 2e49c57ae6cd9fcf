/**
 * The ports that `--port` gives to the workers: for HTTP one per worker, then for gRPC one per worker.
 * Tried before anything is started, since a worker that meets a taken port would start again and
 * again.
 */
import { createServer } from 'node:net';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { problemOf } from './system-error.ts';

/** Each worker listens on one for HTTP and on one for gRPC. */
const portsPerWorker = 2;
const maxPort = 65_535;
/** Lower ones are for the superuser. */
const leastUserPort = 1_024;

/** @throws Failure UsageError where there are not so many ports, AddressInUse where one is taken. */
export async function assertPortsFree(first: number, workers: number): Promise<void> {
  const count = workers * portsPerWorker;
  if (first + count - 1 > maxPort) {
    throw new Failure(
      'UsageError',
      `--port ${first} leaves no room for the ${count} ports of ${workers === 1 ? '1 worker' : `${workers} workers`}; give at most ${maxPort - count + 1}.`,
    );
  }
  for (let port = first; port < first + count; port++) {
    await assertFree(port, `the workers listen on ${first} to ${first + count - 1}`);
  }
}

async function assertFree(port: number, range: string): Promise<void> {
  try {
    await listenOnce(port);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new Failure(
        'AddressInUse',
        `Port ${port} is taken by another process; stop that process or choose another --port (${range}).`,
        { cause },
      );
    }
    const wayOut = port < leastUserPort ? `, for example one above ${leastUserPort - 1}` : '';
    throw new Failure(
      'UsageError',
      `Port ${port} cannot be used: ${problemOf(cause)}; choose another --port${wayOut} (${range}).`,
      { cause },
    );
  }
}

function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () =>
      server.close(() => resolve()),
    );
  });
}

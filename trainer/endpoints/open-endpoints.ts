/**
 * The HTTP server of a worker: /metrics, /healthz, /readyz and /progress, read only. Bounded in
 * every direction (time, connections, header size), since anything in the cluster's network may
 * call it and it shares a thread with the training.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { environment } from '@tfjs-operator/api/environment.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import {
  answerTo,
  internalFault,
  methodNotAllowed,
  type Answer,
  type EndpointSources,
} from './answer.ts';
import { formatListenAddress, parseListenAddress, type ListenAddress } from './listen-address.ts';

/** Prometheus gives a scrape 10 s by default; an honest client sends its request at once. */
const requestTimeoutMs = 5_000;
/** Longer than the usual scrape interval does not pay: a connection is cheap. */
const keepAliveTimeoutMs = 5_000;
/** Prometheus, kubelet, operator and a few people; a leaking client must not take all descriptors. */
const maxConnections = 64;
/** No request of ours has more. */
const maxHeaderBytes = 8 * 1024;
/** How long a response under way may take when the worker closes. */
const closeGraceMs = 1_000;

export interface EndpointOptions extends EndpointSources {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
  /** Told of a source that throws; the caller of the endpoint gets a 500. */
  readonly onError?: (error: unknown) => void;
}

export interface Endpoints {
  /** `HOST:PORT` that was taken. */
  readonly address: string;
  close(): Promise<void>;
}

/** @throws Failure(AddressInUse | BadConfig) in one sentence. */
export async function openEndpoints(options: EndpointOptions): Promise<Endpoints> {
  const wanted = parseListenAddress(options.address);
  const limits = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: maxHeaderBytes,
  };
  const server = createServer(limits, (request, response) => {
    void respond(request, response, options);
  });
  server.maxConnections = maxConnections;
  await listen(server, wanted);
  const taken = server.address();
  const port = typeof taken === 'object' && taken !== null ? taken.port : wanted.port;
  return {
    address: formatListenAddress({ host: wanted.host, port }),
    close: () => close(server),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: EndpointOptions,
): Promise<void> {
  const { status, type, body } = await decide(request, options);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 405 ? { Allow: 'GET, HEAD', Connection: 'close' } : {}),
  });
  response.end(body);
}

async function decide(request: IncomingMessage, options: EndpointOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed;
  try {
    return await answerTo((request.url ?? '/').split('?', 1)[0] ?? '/', options);
  } catch (error) {
    options.onError?.(error);
    return internalFault;
  }
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenFailure(error, formatListenAddress({ host, port })));
    });
    server.listen({ host, port, exclusive: true }, resolve);
  });
}

function listenFailure(error: NodeJS.ErrnoException, address: string): Failure {
  const cause = { cause: error };
  const name = environment.httpAddress;
  if (error.code === 'EADDRINUSE') {
    const sentence = `${address} is taken by another process: stop it, or set ${name} to another port (0 takes a free one).`;
    return new Failure('AddressInUse', sentence, cause);
  }
  const why = reasons[error.code ?? ''] ?? `the system says ${error.message}`;
  return new Failure('BadConfig', `Cannot listen on ${address}: ${why}. Change ${name}.`, cause);
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'the user of the process may not use this port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is unknown',
};

/** Lets responses under way end, but nobody holds the worker's exit up. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const grace = setTimeout(() => server.closeAllConnections(), closeGraceMs);
    server.close(() => {
      clearTimeout(grace);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/**
 * Binds the worker's gRPC server and takes it down again.
 */
import { logVerbosity, Server, setLogVerbosity } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { serverOptions } from '../collective/channel-options.ts';
import type { Credentials } from './credentials.ts';

/** What has been said is sent; a peer that keeps its connection open is cut off after this. */
const shutdownMs = 300;

export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

export interface ServerRequest {
  /** HOST:PORT */
  readonly address: string;
  readonly credentials: Credentials;
  readonly timeoutSeconds: number;
  readonly services: readonly (readonly [ServiceDefinition, UntypedServiceImplementation])[];
}

/** @throws Failure AddressInUse; BadConfig for an address that is none of this machine's */
export async function startServer(request: ServerRequest): Promise<RunningServer> {
  // grpc-js writes bind errors to the console by itself; ours are told by our own sentences.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server(serverOptions(request.timeoutSeconds));
  for (const [definition, implementation] of request.services) {
    server.addService(definition, implementation);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(request.address, request.credentials.server, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(bindFailure(request.address, error));
    });
  });
  return {
    port,
    async stop() {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, shutdownMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

function bindFailure(address: string, cause: Error): Failure {
  if (cause.message.includes('EADDRINUSE')) {
    return new Failure(
      'AddressInUse',
      `The address ${address} (TFJS_GRPC_ADDRESS) is taken by another process; stop that process or choose another port.`,
      { cause },
    );
  }
  return new Failure(
    'BadConfig',
    `This worker cannot listen on ${address} (TFJS_GRPC_ADDRESS): ${cause.message}.`,
    { cause },
  );
}

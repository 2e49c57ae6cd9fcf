/** `HOST:PORT` as in TFJS_HTTP_ADDRESS; IPv6 hosts in brackets. Never resolves a name. */
import { environment } from '@tfjs-operator/api/environment.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

/** @throws Failure(BadConfig) naming the variable and the value. */
export function parseListenAddress(address: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65_535)) {
    throw new Failure(
      'BadConfig',
      `${environment.httpAddress} is ${JSON.stringify(address)}, which is not HOST:PORT, for example 0.0.0.0:8080.`,
    );
  }
  return { host, port };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

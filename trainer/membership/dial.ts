/**
 * From a member's address to what gRPC connects to. Names are looked up here, again at each attempt,
 * since grpc-js asks at most every 30 s and the name of a pod appears only some time after it.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ChannelOptions } from '@grpc/grpc-js';

export interface DialTarget {
  readonly target: string;
  readonly options: ChannelOptions;
}

export type Dial = (address: string) => Promise<DialTarget>;

/** @throws Error of node:dns where the name is not known (yet). */
export const dial: Dial = async (address) => {
  const { host, port } = splitAddress(address);
  if (isIP(host) !== 0) return { target: address, options: {} };
  const { address: ip, family } = await lookup(host);
  return {
    target: joinAddress(family === 6 ? `[${ip}]` : ip, port),
    // The certificate is made out for the name, not for today's address.
    options: { 'grpc.ssl_target_name_override': host, 'grpc.default_authority': address },
  };
};

/** `HOST:PORT`, `[::1]:PORT`. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(at + 1)) };
}

export function joinAddress(host: string, port: number): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

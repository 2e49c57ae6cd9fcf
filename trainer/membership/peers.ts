/**
 * How workers find each other before there is a gang: by the names of pods behind a headless Service
 * (`dns:`), or by files in a folder (`dir:`). Only worker 0 must be found; the rest comes from it.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { joinAddress, splitAddress } from './dial.ts';

/** What a worker leaves in the folder as `rank-N.json`. */
export interface WorkerFile {
  readonly grpc: string;
  readonly http?: string;
  readonly pid: number;
  readonly jobUid: string;
}

export interface Peers {
  /** The address that others are to use for this worker, once its port is known. */
  advertised(grpcAddress: string, port: number): string;
  /** Makes the own address known. */
  publish(own: WorkerFile): Promise<void>;
  /** Address of a worker, or undefined while it is not known. */
  find(rank: number): Promise<string | undefined>;
  /** Takes the own address back. */
  withdraw(): Promise<void>;
}

/** @throws Failure BadConfig where `peers` is neither form. */
export function openPeers(peers: string, rank: number, jobUid: string): Peers {
  if (peers.startsWith('dir:')) return folderPeers(peers.slice('dir:'.length), rank, jobUid);
  const match = /^dns:(.+):(\d+)$/.exec(peers);
  if (match === null || !match[1]!.includes('{rank}')) {
    throw new Failure(
      'BadConfig',
      `TFJS_PEERS is ${peers}; give dns:HOST_PATTERN:PORT with {rank} in the pattern, or dir:PATH.`,
    );
  }
  return namedPeers(match[1]!, Number(match[2]), rank);
}

function namedPeers(pattern: string, port: number, rank: number): Peers {
  const nameOf = (peer: number): string =>
    joinAddress(pattern.replaceAll('{rank}', String(peer)), port);
  return {
    advertised: () => nameOf(rank),
    publish: async () => undefined,
    find: async (peer) => nameOf(peer),
    withdraw: async () => undefined,
  };
}

/** Addresses that stand for "all interfaces" and the one that reaches them from the same machine. */
const reachable: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

function folderPeers(folder: string, rank: number, jobUid: string): Peers {
  const fileOf = (peer: number): string => join(folder, `rank-${peer}.json`);
  return {
    advertised(grpcAddress, port) {
      const { host } = splitAddress(grpcAddress);
      return joinAddress(reachable[host] ?? host, port);
    },
    async publish(own) {
      await mkdir(folder, { recursive: true });
      const temporary = `${fileOf(rank)}.${own.pid}`;
      await writeFile(temporary, `${JSON.stringify(own)}\n`);
      await rename(temporary, fileOf(rank));
    },
    async find(peer) {
      const found = await readWorkerFile(fileOf(peer));
      // The folder may be left over from another job; of the same job, an earlier process does not
      // answer, and the caller asks again.
      return found?.jobUid === jobUid ? found.grpc : undefined;
    },
    async withdraw() {
      const found = await readWorkerFile(fileOf(rank));
      if (found?.pid === process.pid) await rm(fileOf(rank), { force: true });
    },
  };
}

/** The file's content; undefined where there is none. Files are renamed into place, never torn. */
export async function readWorkerFile(path: string): Promise<WorkerFile | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as WorkerFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

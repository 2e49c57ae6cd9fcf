/**
 * The words of membership: what a worker gets when all have come together.
 */
import type { Failure } from '@tfjs-operator/api/failure.ts';
import type { AllReduceConfig } from '@tfjs-operator/api/run-config.ts';
import type { Collective } from '../collective/collective.ts';

export interface Member {
  readonly rank: number;
  /** HOST:PORT of its gRPC services. */
  readonly address: string;
  readonly backend: string;
}

export interface Gang {
  readonly rank: number;
  readonly worldSize: number;
  /** Raised at each forming of a gang of the job; fences old messages. */
  readonly membershipEpoch: number;
  /** By rank. */
  readonly members: readonly Member[];
  readonly collective: Collective;
  /** Resolves when the gang is over because of a peer (or of this worker's own I/O thread). */
  readonly lost: Promise<Failure>;
  /** Leaves in good order. To be called in any case: the I/O thread keeps the process alive. */
  leave(): Promise<void>;
}

export interface GangOptions {
  readonly rank: number;
  readonly replicas: number;
  readonly jobUid: string;
  /** `dns:HOST_PATTERN:PORT` with `{rank}` in the pattern, or `dir:PATH`. */
  readonly peers: string;
  /** `HOST:PORT` to listen on; port 0 takes a free one (with `dir:` only). */
  readonly grpcAddress: string;
  /** Left beside the gRPC address in `dir:` for those who look for the worker's pages. */
  readonly httpAddress?: string;
  readonly backend: string;
  /** The memory in which buckets lie; shared with the I/O thread. */
  readonly arena: SharedArrayBuffer;
  readonly allReduce: Pick<
    AllReduceConfig,
    'algorithm' | 'wireType' | 'bucketBytes' | 'timeoutSeconds'
  >;
  readonly startTimeoutSeconds: number;
  /** Folder with tls.crt, tls.key and ca.crt: mutual TLS. Without it the job UID only fences. */
  readonly tls?: string;
  /** Greatest membership epoch that this worker has seen, for example in a checkpoint. */
  readonly lastKnownEpoch?: number;
  /** A CRC-32 in every chunk. */
  readonly hasChecksums?: boolean;
  /** Payload of a message, a multiple of 4, the same on all workers. Default: 512 KiB. */
  readonly chunkBytes?: number;
  /** Ends the joining; a gang that is formed ends with `leave`. */
  readonly signal?: AbortSignal;
}

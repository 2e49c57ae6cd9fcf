/**
 * The words of the collective: what a caller sees. A collective sums regions of one shared arena
 * over the workers of a gang; it knows nothing of tensors, models or how the gang was gathered.
 */

/** A region of the arena and the key under which all workers bring theirs together. */
export interface RegionRequest {
  /** First float of the region in the arena. */
  readonly offset: number;
  /** Floats; the same on all workers. */
  readonly length: number;
  /** Grows for a bucket within one membership epoch: a (step, bucket) is used once. */
  readonly step: number;
  readonly bucket: number;
}

export interface AllReduceRequest extends RegionRequest {
  /** Counts and figures: never rounded, whatever the wire type for gradients is. */
  readonly isExact?: boolean;
}

export interface AllReduceResult {
  /** From the call to the last value in place and the last chunk handed to the network. */
  readonly seconds: number;
  /** Bytes of this operation that this worker sent, headers included. */
  readonly bytesSent: number;
  /** Part of `seconds` in which some worker had not yet begun the same operation. */
  readonly waitSeconds: number;
}

export interface CollectiveStats {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Time in which at least one operation was under way. */
  readonly seconds: number;
  /** Messages of an earlier membership epoch, of another job or of a finished step: never added. */
  readonly dropped: number;
}

/**
 * Sums are the same to the bit on all workers and from run to run, whatever the order in which
 * messages arrive or buckets are called. All promises reject with the Failure that ended the gang.
 */
export interface Collective {
  readonly rank: number;
  readonly worldSize: number;
  readonly membershipEpoch: number;
  /** What buckets of the configured size use, and why. */
  readonly algorithm: { readonly name: string; readonly reason: string };
  /** Sums the region in place over all workers. The region must be left alone until it resolves. */
  allReduce(request: AllReduceRequest): Promise<AllReduceResult>;
  /** Copies the region of `root` over that of all others, bit by bit. */
  broadcast(request: RegionRequest & { readonly root: number }): Promise<void>;
  /** Resolves when all workers called it with this step. */
  barrier(step: number): Promise<void>;
  stats(): CollectiveStats;
  /** Ends the worker's part in the gang. */
  close(): Promise<void>;
}

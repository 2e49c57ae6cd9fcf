/**
 * The checkpoint format, version 1: what is in a checkpoint directory, for whoever reads or writes
 * one (the trainer, `tfjsctl`, a person with `jq`).
 *
 *     step-400/                 one checkpoint; `step-400.1` is a later one of the same step
 *       shard-00000.bin         the tensors' bytes, cut each 16 MiB
 *       shard-00001.bin
 *       manifest.json           written last: a folder without it is no checkpoint
 *     .saving-…, .deleted-…     work in progress; leftovers of a killed process, cleaned at open
 *
 * All tensors, in the order of `tensors`, form one run of bytes (little-endian, row-major, no
 * padding); the shards are that run cut into pieces, so a tensor may begin in one shard and end in
 * the next. A folder gets its `step-…` name only when every byte below it is on disk.
 */

export const checkpointSchemaVersion = 1;

/** Name of the file that makes a folder a checkpoint. */
export const checkpointManifestFile = 'manifest.json';

/**
 * Greatest size of a shard, bytes: small enough to be sent again after a failed upload, large
 * enough that the cost of a file (or of a PUT request) does not count.
 */
export const checkpointShardBytes = 16 * 1024 * 1024;

export interface CheckpointManifest {
  readonly schemaVersion: typeof checkpointSchemaVersion;
  /** Digest of the run config; a run with another one does not resume from here. */
  readonly runConfigDigest: string;
  /** With `seed`, `epoch` and `step`: the cursor that says which samples come next. */
  readonly datasetDigest: string;
  readonly seed: number;
  /** Current pass over the training split, counted from 0. */
  readonly epoch: number;
  /** Optimizer updates done since the start of the run. */
  readonly step: number;
  /** When the state was taken, RFC 3339. */
  readonly time: string;
  /** Weights, statistics and optimizer slots in the trainer's fixed order. */
  readonly tensors: readonly CheckpointTensor[];
  readonly shards: readonly CheckpointShard[];
  /** What else the trainer needs to go on: history, early stopping. Finite numbers only. */
  readonly extra: unknown;
  /**
   * `sha256:…` over the compact JSON of all other fields in the order of the file. As it covers
   * the shards' checksums, it names the whole checkpoint.
   */
  readonly digest: string;
}

export interface CheckpointTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32';
  /** First byte in the run of all tensors. */
  readonly offset: number;
  readonly bytes: number;
}

export interface CheckpointShard {
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What a durable save leaves behind: goes into /progress and the job's status. */
export interface CheckpointReceipt {
  readonly step: number;
  readonly uri: string;
  readonly digest: string;
  readonly time: string;
}

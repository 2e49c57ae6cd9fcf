/**
 * Where each gradient lies in the shared arena, and which of them travel together. A pure function
 * of the model's variables, so that all ranks agree without a word. The order is the one in which
 * a backward pass finishes gradients: the reverse of the model's variable order.
 */
import { elementsOf } from '../named-array.ts';

export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface PlacedVariable extends NamedShape {
  /** In floats from the start of the arena. */
  readonly offset: number;
  readonly length: number;
}

export interface Bucket {
  readonly index: number;
  /** In floats from the start of the arena. */
  readonly offset: number;
  readonly length: number;
  readonly variables: readonly PlacedVariable[];
}

export interface BucketLayout {
  /** Gradient buckets in the order in which they get ready, then the `sums` bucket. */
  readonly buckets: readonly Bucket[];
  readonly floats: number;
}

/** The buckets followed by a region in which a state can be broadcast. */
export interface ArenaLayout extends BucketLayout {
  readonly state: { readonly offset: number; readonly length: number };
}

/** 64 bytes: a cache line, and the alignment at which TensorFlow takes a buffer without a copy. */
export const ALIGNMENT_FLOATS = 16;
/** The first bucket is small so that communication starts early (PyTorch DDP does the same). */
const FIRST_BUCKET_BYTES = 256 * 1024;

/**
 * @param variables trainable variables in the model's order.
 * @param bucketBytes a bucket is closed before it grows beyond this; a variable that is larger gets
 * a bucket of its own.
 * @param sums regions of the last bucket: whatever else is to be summed over ranks.
 */
export function planBuckets(
  variables: readonly NamedShape[],
  bucketBytes: number,
  sums: readonly NamedShape[] = [],
): BucketLayout {
  const groups: NamedShape[][] = [];
  let bytes = Infinity;
  for (const variable of [...variables].reverse()) {
    const size = elementsOf(variable.shape) * Float32Array.BYTES_PER_ELEMENT;
    const limit = groups.length === 1 ? Math.min(FIRST_BUCKET_BYTES, bucketBytes) : bucketBytes;
    if (bytes + size > limit) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(variable);
    bytes += size;
  }
  groups.push([...sums]);
  let floats = 0;
  const buckets = groups.map((group, index) => {
    const bucket = placeBucket(group, index, floats);
    floats = aligned(bucket.offset + bucket.length);
    return bucket;
  });
  return { buckets, floats };
}

/** Adds room for a state of `stateFloats` behind the buckets (untouched pages cost no memory). */
export function withStateRegion(layout: BucketLayout, stateFloats: number): ArenaLayout {
  return {
    buckets: layout.buckets,
    floats: layout.floats + aligned(stateFloats),
    state: { offset: layout.floats, length: stateFloats },
  };
}

function placeBucket(group: readonly NamedShape[], index: number, offset: number): Bucket {
  let length = 0;
  const variables = group.map(({ name, shape }) => {
    const placed = { name, shape, offset: offset + length, length: elementsOf(shape) };
    length += placed.length;
    return placed;
  });
  return { index, offset, length, variables };
}

function aligned(floats: number): number {
  return Math.ceil(floats / ALIGNMENT_FLOATS) * ALIGNMENT_FLOATS;
}

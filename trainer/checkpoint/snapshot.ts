/**
 * A copy of a training state that another thread can read: all tensors one after the other in a
 * shared buffer, and everything else as plain data. Copying is the only part of a save that the
 * training thread waits for.
 */
import type { CheckpointTensor } from '@tfjs-operator/api/checkpoint.ts';
import type { NamedArray } from '../named-array.ts';
import type { TrainingState } from './training-state.ts';

/** Sent to the writer's thread; `buffer` is shared, not copied, by that. */
export interface Snapshot {
  readonly head: Omit<TrainingState, 'tensors' | 'extra'> & { readonly time: string };
  /** `extra` as JSON text: taken now, so that later changes of the object do not show. */
  readonly extra: string;
  readonly tensors: readonly CheckpointTensor[];
  /** May be longer than the tensors need. */
  readonly buffer: SharedArrayBuffer;
  readonly bytes: number;
}

/**
 * @param kept a buffer that nobody reads any more, used again where it is large enough.
 * @throws TypeError where `extra` is not JSON with finite numbers, or a shape contradicts its data:
 * a checkpoint that cannot be read back must not be written.
 */
export function takeSnapshot(state: TrainingState, time: Date, kept?: SharedArrayBuffer): Snapshot {
  const tensors = describeTensors(state.tensors);
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const extra = finiteJson(state.extra);
  const buffer =
    kept !== undefined && kept.byteLength >= bytes ? kept : new SharedArrayBuffer(bytes);
  const floats = new Float32Array(buffer);
  state.tensors.forEach((tensor, index) => {
    floats.set(tensor.data, tensors[index]!.offset / Float32Array.BYTES_PER_ELEMENT);
  });
  const { runConfigDigest, datasetDigest, seed, epoch, step } = state;
  const head = { runConfigDigest, datasetDigest, seed, epoch, step, time: time.toISOString() };
  return { head, extra, tensors, buffer, bytes };
}

function describeTensors(arrays: readonly NamedArray[]): readonly CheckpointTensor[] {
  let offset = 0;
  return arrays.map(({ name, shape, data }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    if (size !== data.length) {
      throw new TypeError(
        `${name} has ${data.length} numbers, its shape [${shape.join()}] ${size}`,
      );
    }
    const tensor = {
      name,
      shape: [...shape],
      dtype: 'float32',
      offset,
      bytes: data.byteLength,
    } as const;
    offset += data.byteLength;
    return tensor;
  });
}

/** JSON.stringify writes null for NaN and Infinity without a word; a resumed run would differ. */
function finiteJson(value: unknown): string {
  return JSON.stringify(value ?? null, (key, inner: unknown) => {
    if (typeof inner === 'number' && !Number.isFinite(inner)) {
      throw new TypeError(`extra has ${inner} at ${JSON.stringify(key)}, which JSON cannot hold`);
    }
    return inner;
  });
}

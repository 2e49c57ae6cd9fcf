/**
 * Rank 0 holds the state of the training (new, or from a checkpoint); this sends it to all ranks
 * through the gradient arena, in pieces of its size. See docs/adr/0009-state-from-rank-zero.md.
 */
import type { TrainingState } from '../checkpoint/training-state.ts';
import type { Collective } from '../collective/collective.ts';
import type { NamedArray } from '../named-array.ts';

/** Messages before the first step carry step 0, which no training step has. */
const setupStep = 0;
/** A float holds whole numbers up to 2^24 exactly, so counts travel as two halves. */
const halfRange = 2 ** 20;

export interface StateChannel {
  readonly collective: Collective;
  /** The floats that all ranks' collectives share with their training threads. */
  readonly arena: Float32Array;
}

type Description = Omit<TrainingState, 'tensors'> & {
  readonly tensors: readonly Omit<NamedArray, 'data'>[];
};

/**
 * @param state on rank 0 what to send; ignored elsewhere.
 * @returns the same state on every rank.
 */
export async function broadcastState(
  channel: StateChannel,
  state: TrainingState | null,
): Promise<TrainingState> {
  const isRoot = channel.collective.rank === 0;
  if (isRoot && state === null) throw new TypeError('Rank 0 must bring the state to send.');
  const send = createSender(channel);
  const description = state === null ? new Uint8Array() : encode(describe(state));
  const [high = 0, low = 0] = await send(
    Float32Array.of(Math.floor(description.length / halfRange), description.length % halfRange),
  );
  const text = await send(
    isRoot ? Float32Array.from(description) : new Float32Array(high * halfRange + low),
  );
  const received = JSON.parse(new TextDecoder().decode(Uint8Array.from(text))) as Description;
  const tensors: NamedArray[] = [];
  for (const [index, { name, shape }] of received.tensors.entries()) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const data = isRoot && state !== null ? state.tensors[index]?.data : undefined;
    tensors.push({ name, shape, data: await send(data ?? new Float32Array(size)) });
  }
  return { ...received, tensors };
}

function describe(state: TrainingState): Description {
  return { ...state, tensors: state.tensors.map(({ name, shape }) => ({ name, shape })) };
}

function encode(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

/** Returns a function that sends an array from rank 0 and gives back what every rank then has. */
function createSender({
  collective,
  arena,
}: StateChannel): (values: Float32Array) => Promise<Float32Array> {
  let piece = 0;
  return async (values) => {
    const result = new Float32Array(values.length);
    for (let start = 0; start < values.length; start += arena.length) {
      const length = Math.min(arena.length, values.length - start);
      if (collective.rank === 0) arena.set(values.subarray(start, start + length));
      await collective.broadcast({ offset: 0, length, root: 0, step: setupStep, bucket: piece++ });
      result.set(arena.subarray(0, length), start);
    }
    return result;
  };
}

/**
 * The gradient half by graphs: one for each size of batch, recorded when it first comes and compared
 * with the operations that it was recorded from. Its results go where the eager half puts them, but
 * that gradients stay in the session where no other rank waits for them.
 */
import * as tf from '@tensorflow/tfjs-core';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { NativeTensor } from '../../backend/tensorflow/node-backend.ts';
import { batchTensors } from '../batch-tensors.ts';
import { addTo } from '../gradient-half.ts';
import type { GradientsOptions, StepBatch } from '../training-step.ts';
import { globalNorm } from '../update-half.ts';
import { bfloat16Difference, gradientDifference, percent } from './differences.ts';
import {
  defineGradients,
  pieceFloats,
  type GradientTools,
  type PassValues,
} from './gradient-function.ts';
import { remove, type GraphFunction } from './program.ts';
import { firstCall } from './first-call.ts';
import { NotRecordable } from './recorder.ts';
import { scoped } from '../scope.ts';

export interface CompiledGradients {
  /**
   * The contract of `TrainingStep.gradients`, for at least one sample.
   * @throws NotRecordable; nothing was computed then.
   */
  run(batch: StepBatch, options: GradientsOptions, onBucket: (bucket: number) => void): void;
  /** Euclidean norm of all gradients: of this rank's where they stay, else of what the arena holds. */
  norm(): number;
  /**
   * How far the first gradient in bfloat16 was from that in float32, in parts of its norm; undefined
   * where nothing is computed in bfloat16, or no gradient has been.
   */
  readonly bfloat16Difference: number | undefined;
}

/** Two gradients of one norm that have nothing in common differ by 1.4: rounding does no worse. */
const worstDifference = 2;

/**
 * Of a beginning network. Near a minimum the samples' gradients cancel out, and a run that resumes
 * there is not to end for a difference that it did not end for before.
 */
function assertUseful(difference: number | undefined, { step }: GradientsOptions): void {
  if (difference === undefined || difference <= worstDifference || step > 0) return;
  throw new Failure(
    'BadConfig',
    `training.precision is bfloat16, in which the first gradient of this network differs from that in float32 by ${percent(difference)}; set it to float32.`,
  );
}

export function createCompiledGradients(tools: GradientTools): CompiledGradients {
  const { context, backend, program, kept } = tools;
  const { arena, sums, buckets } = context;
  const passes = new Map<string, GraphFunction>();
  let squares = NaN;
  let difference: number | undefined;

  const read = ({ id }: NativeTensor): Float32Array =>
    backend.binding.tensorDataSync(id) as Float32Array;

  const call = (
    called: GraphFunction,
    batch: StepBatch,
    numbers: GradientsOptions,
  ): NativeTensor[] =>
    scoped(() => {
      const { x, y } = batchTensors(context.model, batch);
      const weight = tf.scalar(1 / numbers.globalCount);
      const key = tf.scalar(numbers.randomKey, 'int32');
      return program.run(called, backend.getInputTensorIds([x, y, weight, key]));
    });

  const compile = (batch: StepBatch, numbers: GradientsOptions): GraphFunction => {
    const { called, inBfloat16, recorded } = defineGradients(tools, batch, {
      weight: 1 / numbers.globalCount,
      randomKey: numbers.randomKey,
    });
    const found = valuesOf(called, batch, numbers);
    const obstacle = gradientDifference(recorded, found);
    if (obstacle !== undefined) throw new NotRecordable(obstacle);
    if (inBfloat16 === undefined) return called;
    // The graph is right, so that what is other now is precision.
    const distance = bfloat16Difference(found, valuesOf(inBfloat16, batch, numbers));
    assertUseful(distance, numbers);
    difference ??= distance;
    return inBfloat16;
  };

  const valuesOf = (
    called: GraphFunction,
    batch: StepBatch,
    numbers: GradientsOptions,
  ): PassValues => {
    const outputs = firstCall(() => call(called, batch, numbers));
    const [sums, ...pieces] = outputs.map(read);
    remove(backend, outputs);
    return { sums: sums!, gradients: kept ? program.read(kept) : joinPieces(pieces) };
  };

  const joinPieces = (pieces: readonly Float32Array[]): Float32Array[] => {
    let next = 0;
    return buckets.flatMap(({ length, members }) => {
      const flat = new Float32Array(length);
      for (let start = 0; start < length; start += pieceFloats) flat.set(pieces[next++]!, start);
      return members.map((member) => flat.subarray(member.start, member.start + member.length));
    });
  };

  /** A shape is a constant of a graph. */
  const passFor = (batch: StepBatch, numbers: GradientsOptions): GraphFunction => {
    const key = `${batch.count} ${batch.x.length}`;
    const called = passes.get(key) ?? compile(batch, numbers);
    passes.set(key, called);
    return called;
  };

  const fetchBuckets = (pieces: readonly NativeTensor[], isAdding: boolean): void => {
    let next = 0;
    for (const { offset, length } of buckets) {
      for (let start = 0; start < length; start += pieceFloats) {
        const values = read(pieces[next++]!);
        if (isAdding) addTo(arena, offset + start, values);
        else arena.set(values, offset + start);
      }
    }
  };

  return {
    run: (batch, numbers, onBucket) => {
      const isAdding = numbers.accumulate === true;
      if (isAdding && kept) throw new Error('gradients that stay in the session cannot be added');
      const outputs = call(passFor(batch, numbers), batch, numbers);
      if (!isAdding) sums.clear();
      sums.addPass(read(outputs[0]!), batch.count, numbers.globalCount);
      if (numbers.worker) sums.setWorker(numbers.worker.rank, numbers.worker.row);
      if (kept) squares = read(outputs[1]!)[0]!;
      else fetchBuckets(outputs.slice(1), isAdding);
      remove(backend, outputs);
      for (let bucket = 0; bucket <= buckets.length; bucket++) onBucket(bucket);
    },
    get bfloat16Difference() {
      return difference;
    },
    norm: () => (kept ? Math.sqrt(squares) : globalNorm(arena, buckets)),
  };
}

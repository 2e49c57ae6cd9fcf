/**
 * Runs a step as TensorFlow graphs: each kind of pass is recorded when it first comes, checked
 * against the operations that it was recorded from, and from then on run as one call. Weights and
 * slots live in the session; they come back when somebody asks for them. A step that cannot be
 * recorded, or whose graph computes something else, stays eager, and says why.
 *
 * A pass is computed by its graph from the first time on, so that a run which resumes computes each
 * step as the run did that was never stopped.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import { nodeBackend, type NativeTensor } from '../../backend/tensorflow/node-backend.ts';
import type { StatelessDraws } from '../../backend/tensorflow/stateless-draws.ts';
import { batchTensors } from '../batch-tensors.ts';
import { addTo } from '../gradient-half.ts';
import type { StepContext } from '../step-context.ts';
import type { StepEngine } from '../step-engine.ts';
import type { TrainingPass } from '../training-pass.ts';
import type { GradientsOptions, StepBatch } from '../training-step.ts';
import { applyUpdate, assertFinite, globalNorm, type UpdateOptions } from '../update-half.ts';
import { gradientDifference, updateDifference } from './differences.ts';
import { defineGradients, pieceFloats, type GradientTools } from './gradient-function.ts';
import { createProgram, remove, type GraphFunction } from './program.ts';
import { NotRecordable } from './recorder.ts';
import { createSessionState, type SessionState } from './session-state.ts';
import { scoped } from './scope.ts';
import { defineUpdate, updateNumbers, type UpdateTools } from './update-function.ts';

export interface CompiledEngineOptions {
  readonly context: StepContext;
  readonly pass: TrainingPass;
  readonly draws: StatelessDraws;
  readonly optimizer: OptimizerConfig;
  readonly isClipping: boolean;
  /** Gradients need not come to the arena: there is no other rank. */
  readonly isAlone: boolean;
  readonly eager: StepEngine;
}

export function createCompiledEngine(options: CompiledEngineOptions): StepEngine {
  const { context, eager, isAlone } = options;
  const { arena, sums, buckets } = context;
  const backend = nodeBackend();
  const program = createProgram(backend);
  const session: SessionState = createSessionState(program, context, isAlone);
  const gradientTools: GradientTools = { ...options, ...session, backend, program };
  const updateTools: UpdateTools = { ...options, ...session, backend, program };
  const passes = new Map<string, GraphFunction>();
  let update: GraphFunction | undefined;
  let isUpdateChecked = false;
  let squares = NaN;
  /** The model's own variables are behind those of the session. */
  let isAhead = false;
  /** Why graphs are not used (any more). */
  let obstacle: string | undefined;

  const pull = (): void => {
    if (!isAhead) return;
    isAhead = false;
    session.pull();
  };

  const giveUp = (error: unknown): void => {
    if (!(error instanceof NotRecordable)) throw error;
    obstacle = error.message;
    pull();
    program.close();
  };

  const run = (called: GraphFunction, tensors: readonly tf.Tensor[]): NativeTensor[] =>
    program.run(called, backend.getInputTensorIds(tensors));

  const read = ({ id }: NativeTensor): Float32Array =>
    backend.binding.tensorDataSync(id) as Float32Array;

  const runPass = (
    called: GraphFunction,
    batch: StepBatch,
    numbers: GradientsOptions,
  ): NativeTensor[] =>
    scoped(() => {
      const { x, y } = batchTensors(context.model, batch);
      const weight = tf.scalar(1 / numbers.globalCount);
      return run(called, [x, y, weight, tf.scalar(numbers.randomKey, 'int32')]);
    });

  /** @throws NotRecordable */
  const compile = (batch: StepBatch, numbers: GradientsOptions): GraphFunction => {
    pull();
    // With the first pass, so that one session is made for both.
    update ??= defineUpdate(updateTools);
    const { called, recorded } = defineGradients(gradientTools, batch, {
      weight: 1 / numbers.globalCount,
      randomKey: numbers.randomKey,
    });
    const outputs = runPass(called, batch, numbers);
    const [found, ...pieces] = outputs.map(read);
    remove(backend, outputs);
    const gradients = session.kept ? program.read(session.kept) : cutGradients(pieces);
    const difference = gradientDifference(recorded, { sums: found!, gradients });
    if (difference !== undefined) throw new NotRecordable(difference);
    return called;
  };

  const cutGradients = (pieces: readonly Float32Array[]): Float32Array[] => {
    let next = 0;
    return buckets.flatMap(({ length, members }) => {
      const count = Math.ceil(length / pieceFloats);
      const flat = new Float32Array(length);
      pieces.slice(next, (next += count)).forEach((piece, i) => flat.set(piece, i * pieceFloats));
      return members.map((member) => flat.subarray(member.start, member.start + member.length));
    });
  };

  /** @returns undefined where this kind of pass cannot be had as a graph. */
  const passFor = (batch: StepBatch, numbers: GradientsOptions): GraphFunction | undefined => {
    const key = `${batch.count} ${batch.x.length}`;
    const known = passes.get(key);
    if (known) return known;
    try {
      const called = compile(batch, numbers);
      passes.set(key, called);
      return called;
    } catch (error) {
      giveUp(error);
      return undefined;
    }
  };

  const gradients: StepEngine['gradients'] = (batch, numbers, onBucket) => {
    const called = obstacle === undefined && batch.count > 0 ? passFor(batch, numbers) : undefined;
    if (called === undefined) return eager.gradients(batch, numbers, onBucket);
    const isAdding = numbers.accumulate === true;
    if (isAdding && isAlone) throw new Error('gradients that stay in the session cannot be added');
    const outputs = runPass(called, batch, numbers);
    if (!isAdding) sums.clear();
    sums.addPass(read(outputs[0]!), batch.count, numbers.globalCount);
    if (numbers.worker) sums.setWorker(numbers.worker.rank, numbers.worker.row);
    if (isAlone) squares = read(outputs[1]!)[0]!;
    else fetchBuckets(outputs.slice(1), isAdding, onBucket);
    remove(backend, outputs);
    if (isAlone) buckets.forEach(({ index }) => onBucket(index));
    onBucket(buckets.length);
  };

  const fetchBuckets = (
    pieces: readonly NativeTensor[],
    isAdding: boolean,
    onBucket: (bucket: number) => void,
  ): void => {
    let next = 0;
    for (const { index, offset, length } of buckets) {
      for (let start = 0; start < length; start += pieceFloats) {
        const values = read(pieces[next++]!);
        if (isAdding) addTo(arena, offset + start, values);
        else arena.set(values, offset + start);
      }
      onBucket(index);
    }
  };

  const runUpdate = (called: GraphFunction, step: UpdateOptions, norm: number): void => {
    const clip = step.clipNorm === undefined ? 1 : step.clipNorm / Math.max(norm, step.clipNorm);
    remove(
      backend,
      scoped(() => {
        const statistics = sums.statistics();
        return run(called, [
          tf.tensor1d(updateNumbers(updateTools, { ...step, clip })),
          ...(statistics.length > 0 ? [tf.tensor1d(statistics)] : []),
          ...(isAlone
            ? []
            : buckets.map(({ offset, length }) =>
                tf.tensor1d(arena.subarray(offset, offset + length)),
              )),
        ]);
      }),
    );
    isAhead = true;
  };

  /** Done by the operations as well, and compared. */
  const firstUpdate = (called: GraphFunction, step: UpdateOptions, norm: number): void => {
    pull();
    if (session.kept) session.gradientsTo(arena);
    const before = session.readSession();
    applyUpdate(context, step);
    const expected = session.readModel();
    try {
      runUpdate(called, step, norm);
      const difference = updateDifference(before, expected, session.readSession());
      if (difference !== undefined) throw new NotRecordable(difference);
      isUpdateChecked = true;
    } catch (error) {
      // What the operations made of the model stands.
      isAhead = false;
      giveUp(error);
    }
  };

  return {
    get execution() {
      return obstacle === undefined
        ? ({ mode: 'compiled', reason: 'TensorFlow graphs, one call per half of a step' } as const)
        : ({ mode: 'eager', reason: `the step cannot be a graph: ${obstacle}` } as const);
    },
    gradients,
    update: (step) => {
      const called = update;
      if (obstacle !== undefined || called === undefined) return eager.update(step);
      const norm = isAlone ? Math.sqrt(squares) : globalNorm(arena, buckets);
      assertFinite(sums.read().loss, norm, step.step);
      if (isUpdateChecked) runUpdate(called, step, norm);
      else firstUpdate(called, step, norm);
      return norm;
    },
    beforeRead: pull,
    afterWrite: () => {
      isAhead = false;
      if (obstacle === undefined && program.isRunning) session.push();
    },
    dispose: () => program.close(),
  };
}

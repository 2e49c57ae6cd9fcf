/**
 * The second half by a graph. The first update is done by the operations as well, and compared.
 */
import * as tf from '@tensorflow/tfjs-core';
import { applyUpdate, type UpdateOptions } from '../update-half.ts';
import { updateDifference } from './differences.ts';
import { remove, type GraphFunction } from './program.ts';
import { firstCall } from './first-call.ts';
import { NotRecordable } from './recorder.ts';
import { scoped } from '../scope.ts';
import type { SessionState } from './session-state.ts';
import { defineUpdate, updateNumbers, type UpdateTools } from './update-function.ts';

export interface CompiledUpdate {
  /**
   * Makes it part of the program's next session. @throws NotRecordable
   */
  define(): void;
  /**
   * @param norm of the gradient, before clipping
   * @throws NotRecordable; the model's own weights and slots have been updated then.
   */
  run(step: UpdateOptions, norm: number): void;
}

export function createCompiledUpdate(tools: UpdateTools, session: SessionState): CompiledUpdate {
  const { context, backend, program, kept } = tools;
  const { arena, sums, buckets } = context;
  let called: GraphFunction | undefined;
  let isChecked = false;

  const call = (update: GraphFunction, step: UpdateOptions, norm: number): void => {
    const clip = step.clipNorm === undefined ? 1 : step.clipNorm / Math.max(norm, step.clipNorm);
    const outputs = scoped(() => {
      const numbers = updateNumbers(tools, { ...step, clip });
      const statistics = sums.statistics();
      const reduced = kept ? [] : buckets;
      const fed = [
        numbers,
        ...(statistics.length > 0 ? [statistics] : []),
        ...reduced.map(({ offset, length }) => arena.subarray(offset, offset + length)),
      ];
      const tensors = fed.map((values) => tf.tensor1d(values));
      return program.run(update, backend.getInputTensorIds(tensors));
    });
    remove(backend, outputs);
  };

  const callChecked = (update: GraphFunction, step: UpdateOptions, norm: number): void => {
    session.pull();
    if (kept) session.gradientsTo(arena);
    const before = session.readSession();
    applyUpdate(context, step);
    const expected = session.readModel();
    firstCall(() => call(update, step, norm));
    const difference = updateDifference(before, expected, session.readSession());
    if (difference !== undefined) throw new NotRecordable(difference);
    isChecked = true;
  };

  return {
    define: () => {
      called ??= defineUpdate(tools);
    },
    run: (step, norm) => {
      if (called === undefined) throw new Error('the update is defined with the first gradients');
      if (isChecked) call(called, step, norm);
      else callChecked(called, step, norm);
      session.moveAhead();
    },
  };
}

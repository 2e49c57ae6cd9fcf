/**
 * Runs a step as TensorFlow graphs. Weights and slots live in the session; they come back when
 * somebody asks for them. A step that cannot be recorded, or whose graph computes something else,
 * stays eager, and says why.
 *
 * A pass is computed by its graph from the first time on, so that a run which resumes computes each
 * step as the run did that was never stopped.
 */
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import { nodeBackend } from '../../backend/tensorflow/node-backend.ts';
import type { StatelessDraws } from '../../backend/tensorflow/stateless-draws.ts';
import type { StepContext } from '../step-context.ts';
import type { StepEngine } from '../step-engine.ts';
import type { TrainingPass } from '../training-pass.ts';
import { assertFinite } from '../update-half.ts';
import { createCompiledGradients } from './compiled-gradients.ts';
import { createCompiledUpdate } from './compiled-update.ts';
import { createProgram } from './program.ts';
import { NotRecordable } from './recorder.ts';
import { createSessionState } from './session-state.ts';

export interface CompiledEngineOptions {
  readonly context: StepContext;
  readonly pass: TrainingPass;
  readonly draws: StatelessDraws;
  readonly optimizer: OptimizerConfig;
  readonly isClipping: boolean;
  /** Gradients need not come to the arena: there is no other rank. */
  readonly isAlone: boolean;
  /** What computes the step where graphs cannot. */
  readonly eager: StepEngine;
}

export function createCompiledEngine(options: CompiledEngineOptions): StepEngine {
  const { context, eager, isAlone } = options;
  const backend = nodeBackend();
  const program = createProgram(backend);
  const session = createSessionState(program, context, isAlone);
  const tools = { ...options, ...session, backend, program };
  const gradients = createCompiledGradients(tools);
  const update = createCompiledUpdate(tools, session);
  /** Why graphs are not used (any more). */
  let obstacle: string | undefined;

  const giveUp = (error: unknown): void => {
    if (!(error instanceof NotRecordable)) throw error;
    obstacle = error.message;
    session.pull();
    program.close();
  };

  return {
    get execution() {
      return obstacle === undefined
        ? ({ mode: 'compiled', reason: 'TensorFlow graphs, one call per half of a step' } as const)
        : ({ mode: 'eager', reason: `the step cannot be a graph: ${obstacle}` } as const);
    },
    gradients: (batch, numbers, onBucket) => {
      if (obstacle !== undefined || batch.count === 0) {
        return eager.gradients(batch, numbers, onBucket);
      }
      try {
        // Before the first pass, so that one session is made for both.
        update.define();
        gradients.run(batch, numbers, onBucket);
      } catch (error) {
        giveUp(error);
        eager.gradients(batch, numbers, onBucket);
      }
    },
    update: (step) => {
      if (obstacle !== undefined || !program.isRunning) return eager.update(step);
      const norm = gradients.norm();
      assertFinite(context.sums.read().loss, norm, step.step);
      try {
        update.run(step, norm);
      } catch (error) {
        giveUp(error);
      }
      return norm;
    },
    beforeRead: session.pull,
    afterWrite: session.push,
    dispose: program.close,
  };
}

/**
 * Runs a step as TensorFlow graphs. Weights and slots live in the session; they come back when
 * somebody asks for them. A step that cannot be recorded, or whose graph computes something else,
 * stays eager, and says why.
 *
 * A pass is computed by its graph from the first time on, so that a run which resumes computes each
 * step as the run did that was never stopped.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { StepExecution } from '@tfjs-operator/api/progress.ts';
import type { OptimizerConfig } from '@tfjs-operator/api/run-config.ts';
import { nodeBackend } from '../../backend/tensorflow/node-backend.ts';
import type { StatelessDraws } from '../../backend/tensorflow/stateless-draws.ts';
import type { StepContext } from '../step-context.ts';
import type { StepEngine } from '../step-engine.ts';
import type { TrainingPass } from '../training-pass.ts';
import type { Precision } from '../training-step.ts';
import { assertFinite } from '../update-half.ts';
import { createCompiledGradients } from './compiled-gradients.ts';
import { createCompiledUpdate } from './compiled-update.ts';
import { percent } from './differences.ts';
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
  /** Of products in the gradient half; with bfloat16 a step that graphs cannot compute is refused. */
  readonly precision: Precision;
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
    if (options.precision === 'bfloat16') throw onlyInGraphs(error);
    obstacle = error.message;
    session.pull();
    program.close();
  };

  return {
    get execution(): StepExecution {
      return obstacle === undefined
        ? { mode: 'compiled', reason: describe(options.precision, gradients.bfloat16Difference) }
        : { mode: 'eager', reason: `the step cannot be a graph: ${obstacle}` };
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

function describe(precision: Precision, difference: number | undefined): string {
  const graphs = 'TensorFlow graphs, one call per half of a step';
  if (precision === 'float32') return graphs;
  const measured =
    difference === undefined
      ? ''
      : `; the first gradient differs from that in float32 by ${percent(difference)}`;
  return `${graphs}, products in bfloat16${measured}`;
}

/** Operations one by one compute in float32, which is not what was asked for. */
function onlyInGraphs(cause: NotRecordable): Failure {
  return new Failure(
    'BadConfig',
    `training.precision is bfloat16, which only a step that is a graph can compute in, and this one cannot be: ${cause.message}; set it to float32.`,
    { cause },
  );
}

/** The training step as TensorFlow graphs, on the backend tensorflow. */
import { statelessDraws } from '../../backend/tensorflow/stateless-draws.ts';
import { createEagerEngine } from '../eager-engine.ts';
import { openStep, type StepOptions } from '../open-step.ts';
import type { Precision, TrainingStep } from '../training-step.ts';
import { createCompiledEngine } from './compiled-engine.ts';

export interface CompiledStepOptions extends StepOptions {
  /** Default: float32. */
  readonly precision?: Precision;
}

/**
 * A step that cannot become a graph runs as operations: `execution` says so, and why, after the
 * first steps.
 * @throws Failure BadConfig where the model cannot be trained by one batch and one loss; while it
 * trains in bfloat16, where the step cannot become a graph, or the first gradient is not that of the
 * network.
 */
export function createCompiledStep(options: CompiledStepOptions): TrainingStep {
  const draws = statelessDraws();
  return openStep({ ...options, draws }, (context, pass) =>
    createCompiledEngine({
      context,
      pass,
      draws,
      optimizer: options.optimizer,
      isClipping: options.clipNorm !== undefined,
      isAlone: options.isAlone === true,
      precision: options.precision ?? 'float32',
      eager: createEagerEngine(context, pass, 'operations run one by one'),
    }),
  );
}

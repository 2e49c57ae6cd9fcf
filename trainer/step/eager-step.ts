/** The training step as plain tfjs operations, on any backend. */
import type { LayerDraws } from '../model/layer-draws.ts';
import { seededDraws } from '../model/seeded-draws.ts';
import { createEagerEngine } from './eager-engine.ts';
import { openStep, type StepOptions } from './open-step.ts';
import type { TrainingStep } from './training-step.ts';

export interface EagerStepOptions extends StepOptions {
  /** Where random layers of the model draw from; default: seeded draws, on any backend. */
  readonly draws?: LayerDraws;
}

/** @throws Failure BadConfig where the model cannot be trained by one batch and one loss. */
export function createEagerStep(options: EagerStepOptions): TrainingStep {
  const { draws = seededDraws() } = options;
  return openStep({ ...options, draws }, (context, pass) =>
    createEagerEngine(context, pass, 'operations run one by one on this backend'),
  );
}

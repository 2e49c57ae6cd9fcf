/** A step as plain tfjs operations, on any backend. */
import { createGradientHalf } from './gradient-half.ts';
import type { StepContext } from './step-context.ts';
import type { StepEngine } from './step-engine.ts';
import type { TrainingPass } from './training-pass.ts';
import { applyUpdate } from './update-half.ts';

/** @param reason why operations run one by one: half a sentence. */
export function createEagerEngine(
  context: StepContext,
  pass: TrainingPass,
  reason: string,
): StepEngine {
  const nothing = (): void => undefined;
  return {
    execution: { mode: 'eager', reason },
    gradients: createGradientHalf(context, pass),
    update: (options) => applyUpdate(context, options),
    beforeRead: nothing,
    afterWrite: nothing,
    dispose: nothing,
  };
}

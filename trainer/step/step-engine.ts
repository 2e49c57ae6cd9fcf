/** How a step is computed: the seam between what all steps share and a way to run them. */
import type { StepExecution } from '@tfjs-operator/api/progress.ts';
import type { GradientsOptions, StepBatch } from './training-step.ts';
import type { UpdateOptions } from './update-half.ts';

export interface StepEngine {
  readonly execution: StepExecution;
  /** The contract of `TrainingStep.gradients`. */
  gradients(batch: StepBatch, options: GradientsOptions, onBucket: (bucket: number) => void): void;
  /** @returns the global norm before clipping. @throws Failure NumericError; nothing is changed. */
  update(options: UpdateOptions): number;
  /** Called before weights and slots are read: they must lie in the model and in `slots` then. */
  beforeRead(): void;
  /** Called after weights and slots were set from outside. */
  afterWrite(): void;
  dispose(): void;
}

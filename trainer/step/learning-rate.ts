/**
 * Learning rates as pure functions of the step, with the formulas of `keras.optimizers.schedules`
 * (ExponentialDecay, its staircase form, CosineDecay with warm-up from 0). No state: a run that is
 * resumed at step s gets the rate of step s.
 */
import type { ScheduleConfig, TrainingConfig } from '@tfjs-operator/api/run-config.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';

/**
 * The rate of an optimizer update. With w = warmupSteps, s = step - w, b = base:
 * - step < w: b · step / w, so the very first update of a warm-up has rate 0, as in Keras
 * - constant: b
 * - step: b · decayRate^⌊s / decaySteps⌋
 * - exponential: b · decayRate^(s / decaySteps)
 * - cosine: b · ((1 - alpha) · (1 + cos(π · min(s / decaySteps, 1))) / 2 + alpha);
 *   decaySteps defaults to the steps that are left after the warm-up.
 * @param step updates done before this one, from 0.
 * @param base learning rate after warm-up and scaling with workers.
 * @param totalSteps updates of the whole run.
 * @throws Failure BadConfig where the schedule lacks a field that its name asks for.
 */
export function learningRateAt(
  step: number,
  schedule: ScheduleConfig,
  base: number,
  totalSteps: number,
): number {
  const warmup = schedule.warmupSteps;
  if (step < warmup) return (base * step) / warmup;
  const done = step - warmup;
  switch (schedule.name) {
    case 'constant':
      return base;
    case 'step':
      return base * decayRateOf(schedule) ** Math.floor(done / decayStepsOf(schedule));
    case 'exponential':
      return base * decayRateOf(schedule) ** (done / decayStepsOf(schedule));
    case 'cosine': {
      const alpha = schedule.alpha ?? 0;
      const steps = schedule.decaySteps ?? Math.max(1, totalSteps - warmup);
      const cosine = (1 + Math.cos(Math.PI * Math.min(done / steps, 1))) / 2;
      return base * ((1 - alpha) * cosine + alpha);
    }
  }
}

/** Linear scaling (Goyal et al. 2017, arXiv 1706.02677): the rate grows with the workers. */
export function scaledLearningRate(
  learningRate: number,
  scale: TrainingConfig['scaleLearningRate'],
  worldSize: number,
): number {
  return scale === 'linear' ? learningRate * worldSize : learningRate;
}

function decayStepsOf(schedule: ScheduleConfig): number {
  if (schedule.decaySteps === undefined) throw missing(schedule, 'decaySteps');
  return schedule.decaySteps;
}

function decayRateOf(schedule: ScheduleConfig): number {
  if (schedule.decayRate === undefined) throw missing(schedule, 'decayRate');
  return schedule.decayRate;
}

function missing(schedule: ScheduleConfig, field: string): Failure {
  return new Failure(
    'BadConfig',
    `training.learningRateSchedule.${field} is missing: the schedule "${schedule.name}" needs it.`,
  );
}

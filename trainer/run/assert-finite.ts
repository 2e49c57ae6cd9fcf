/**
 * Guards the history: a figure that is no number can neither be compared nor written as JSON. The
 * training's own loss is watched in each step; this catches the validation.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';

/** @throws Failure NumericError naming the first figure that is not finite. */
export function assertFinite(figures: Readonly<Record<string, number>>, epoch: number): void {
  const found = Object.entries(figures).find(([, value]) => !Number.isFinite(value));
  if (found === undefined) return;
  const [name, value] = found;
  throw new Failure(
    'NumericError',
    `${name} is ${value} after epoch ${epoch}, so training cannot go on; lower training.optimizer.learningRate, set training.clipping.globalNorm, or look for extreme values in that split.`,
  );
}

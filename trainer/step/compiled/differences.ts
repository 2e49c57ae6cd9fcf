/**
 * Whether a graph computes what the operations computed that it was recorded from. TensorFlow fuses
 * and reorders, so that the last bits differ; a wrong graph differs in the first digits.
 */
import type { PassValues } from './gradient-function.ts';

/** Of the norm of what is compared. Fused kernels stay below 1e-5; float32 has 6e-8. */
const tolerance = 1e-3;
/**
 * A gradient that is zero but for rounding (a bias before BatchNormalization) is judged by this part
 * of the norm of all gradients.
 */
const floor = 1e-3;

/** @returns half a sentence, undefined where they agree. */
export function gradientDifference(expected: PassValues, found: PassValues): string | undefined {
  const sums = distance(expected.sums, found.sums) / norm(expected.sums);
  if (!(sums <= tolerance) && expected.sums.every(Number.isFinite)) {
    return `its graph gives another loss or metric (by ${percent(sums)})`;
  }
  const total = Math.hypot(...expected.gradients.map(norm));
  if (!Number.isFinite(total)) return undefined;
  for (const [index, gradient] of expected.gradients.entries()) {
    const scale = Math.max(norm(gradient), floor * total);
    const difference = distance(gradient, found.gradients[index]!) / scale;
    if (!(difference <= tolerance) && scale > 0) {
      return `its graph gives another gradient (number ${index}, by ${percent(difference)})`;
    }
  }
  return undefined;
}

/**
 * How far gradients computed in bfloat16 are from those in float32, all together, in parts of the
 * norm of these. A product rounds two inputs and its result, each by at most 2^-8 = 0.4 % of a value
 * (8 bits of precision), and a network is products of products: the networks of bench/step differ by
 * 0.4 % (LSTM) to 30 % (ResNet-20, where Keras in mixed_bfloat16 has the same). undefined where
 * float32 itself gives no numbers.
 */
export function bfloat16Difference(expected: PassValues, found: PassValues): number | undefined {
  const total = Math.hypot(...expected.gradients.map(norm));
  if (!Number.isFinite(total)) return undefined;
  const differences = expected.gradients.map((one, index) =>
    distance(one, found.gradients[index]!),
  );
  const difference = Math.hypot(...differences);
  return difference === 0 ? 0 : difference / total;
}

/** Compares predictions. @returns half a sentence, undefined where they agree. */
export function valuesDifference(expected: Float32Array, found: Float32Array): string | undefined {
  const scale = norm(expected);
  const difference = distance(expected, found);
  if (difference <= tolerance * scale || !Number.isFinite(scale)) return undefined;
  return `its graph predicts otherwise (by ${percent(difference / Math.max(scale, 1e-30))})`;
}

/** Compares what an update changed. @returns half a sentence, undefined where they agree. */
export function updateDifference(
  before: readonly Float32Array[],
  expected: readonly Float32Array[],
  found: readonly Float32Array[],
): string | undefined {
  for (const [index, values] of expected.entries()) {
    const change = distance(before[index]!, values);
    // Rounding of the value itself hides what is smaller.
    const scale = tolerance * change + 1e-6 * norm(values);
    const difference = distance(values, found[index]!);
    if (!(difference <= scale)) {
      return `its graph updates weights otherwise (number ${index}, by ${percent(difference / Math.max(change, 1e-30))})`;
    }
  }
  return undefined;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

export function percent(ratio: number): string {
  const percents = ratio * 100;
  return `${percents < 100 ? percents.toPrecision(2) : percents.toFixed()} %`;
}

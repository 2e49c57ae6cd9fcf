/** Confusion matrix and per-class figures, from classes alone. Pure. */
import type { ClassFigures } from '@tfjs-operator/api/result.ts';

/** @returns counts[true class][predicted class]. */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const row = counts[labels[i] ?? -1];
    const predicted = predictions[i] ?? -1;
    if (row?.[predicted] !== undefined) row[predicted] += 1;
  }
  return counts;
}

/**
 * Precision, recall and F1 per class; 0 where a figure has no samples to stand on, as in
 * scikit-learn's classification_report with zero_division=0.
 */
export function classFigures(
  confusion: readonly (readonly number[])[],
  names: readonly string[],
): ClassFigures[] {
  return names.map((name, index) => {
    const hits = confusion[index]?.[index] ?? 0;
    const support = sum(confusion[index] ?? []);
    const predicted = sum(confusion.map((row) => row[index] ?? 0));
    const precision = predicted === 0 ? 0 : hits / predicted;
    const recall = support === 0 ? 0 : hits / support;
    const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
    return { name, precision, recall, f1, support };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

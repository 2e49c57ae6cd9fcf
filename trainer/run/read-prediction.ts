/** From a network's output row to a class: the index and how sure the network is. Pure. */

export interface ClassPrediction {
  readonly index: number;
  /** Probability of the predicted class, between 0 and 1. */
  readonly confidence: number;
}

/**
 * @param row the output of one sample: one value (two classes, Keras's binary form) or one per
 * class. @param fromLogits the values are logits, not probabilities.
 */
export function readPrediction(row: Float32Array, fromLogits: boolean): ClassPrediction {
  const [first = NaN] = row;
  if (row.length === 1) {
    const probability = fromLogits ? 1 / (1 + Math.exp(-first)) : first;
    const index = probability > 0.5 ? 1 : 0;
    return { index, confidence: index === 1 ? probability : 1 - probability };
  }
  let index = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[index]!) index = i;
  const most = row[index] ?? NaN;
  if (!fromLogits) return { index, confidence: most };
  const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
  return { index, confidence: 1 / sum };
}

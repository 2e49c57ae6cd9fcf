/** Which metrics are shares of a whole, by Keras' names: shown in percent. */
const fractions = /^(val_)?(.*accuracy|acc|precision|recall|f1.*|auc)$/i;

export function isFraction(metric: string): boolean {
  return fractions.test(metric);
}

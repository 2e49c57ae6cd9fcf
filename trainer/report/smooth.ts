/**
 * Exponential moving average with bias correction (Kingma and Ba 2015, section 3), so that the
 * beginning of the line is right too.
 * @param weight share of the past, in [0, 1).
 */
export function smooth(values: readonly number[], weight: number): readonly number[] {
  let average = 0;
  let correction = 1;
  return values.map((value) => {
    average = average * weight + value * (1 - weight);
    correction *= weight;
    return average / (1 - correction);
  });
}

/**
 * From values to positions of a chart, with round ticks. Linear or logarithmic (base 10). Pure.
 */

export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  readonly kind: 'linear' | 'log';
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Steps between ticks that people count in. */
const roundSteps = [1, 2, 2.5, 5, 10];

/** @param target about how many ticks; the domain grows to the ticks around it. */
export function linearScale(domain: Range, range: Range, target = 5): Scale {
  const { from, to } = widened(domain);
  const step = roundStep((to - from) / target);
  const first = Math.floor(from / step + 1e-9);
  const last = Math.ceil(to / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => tidy((first + i) * step));
  const low = first * step;
  const high = last * step;
  return { kind: 'linear', ticks, at: (value) => between(range, (value - low) / (high - low)) };
}

/** As linearScale, but the domain stays as it is: for a time axis, which should end with the data. */
export function exactScale(domain: Range, range: Range, target = 6): Scale {
  const { from, to } = widened(domain);
  const step = Math.max(1, roundStep((to - from) / target));
  const first = Math.ceil(from / step);
  const ticks: number[] = [];
  for (let i = first; i * step <= to + 1e-9; i += 1) ticks.push(tidy(i * step));
  return { kind: 'linear', ticks, at: (value) => between(range, (value - from) / (to - from)) };
}

/** @param domain both ends above 0. Ticks at 1, 2 and 5 of each power, or at the powers alone. */
export function logScale(domain: Range, range: Range): Scale {
  const low = Math.log10(domain.from);
  const high = Math.log10(domain.to);
  const digits = high - low > 2.5 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
    for (const digit of digits) ticks.push(tidy(digit * 10 ** power));
  }
  const inside = ticks.filter((tick) => tick >= domain.from * 0.999 && tick <= domain.to * 1.001);
  const at = (value: number): number => between(range, (Math.log10(value) - low) / (high - low));
  return { kind: 'log', ticks: inside, at };
}

function widened({ from, to }: Range): Range {
  if (to > from) return { from, to };
  const margin = Math.abs(from) * 0.1 || 1;
  return { from: from - margin, to: to + margin };
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = roundSteps.find((step) => step * power >= rough * 0.999) ?? 10;
  return factor * power;
}

function between({ from, to }: Range, share: number): number {
  return from + (to - from) * share;
}

/** 0.30000000000000004 → 0.3 */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

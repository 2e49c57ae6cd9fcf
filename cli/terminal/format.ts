/**
 * Numbers as people read them: one way for each kind of figure, in the display and in the report.
 */

const integers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 12345.6 → `12,346`. */
export function formatCount(value: number): string {
  return integers.format(value);
}

/** `1 epoch`, `2,000 steps`. */
export function formatCounted(value: number, noun: string): string {
  return `${formatCount(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A fraction as percent: 0.1234 → `12 %`. */
export function formatShare(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** A loss or a metric: four significant decimals, or scientific where they would all be zero. */
export function formatMetric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return value !== 0 && Math.abs(value) < 0.0001 ? value.toExponential(2) : value.toFixed(4);
}

/** Seconds: `4.2 s`, `42 s`, `1 min 23 s`, `2 h 05 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 60) return `${minutes} min ${String(rest).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Bytes in binary units: `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

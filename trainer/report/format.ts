/** Numbers as people read them, in English, with a thin space before a unit. Pure. */

const thinSpace = '\u202f';
const missing = '–';

/** `12,345`; a fraction is rounded away. */
export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : missing;
}

/** Four significant digits: `0.03127`, `2.301`, `12,350`; powers where zeros would hide the value. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return missing;
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2);
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

/** `99.21 %` of 0.9921. */
export function percent(fraction: number, digits = 2): string {
  if (!Number.isFinite(fraction)) return missing;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${(fraction * 100).toLocaleString('en-US', options)}${thinSpace}%`;
}

/** `3 min 12 s`, `2 h 5 min`, `850 ms`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return missing;
  if (seconds < 1) return `${Math.round(seconds * 1000)}${thinSpace}ms`;
  if (seconds < 60) return `${seconds.toFixed(1)}${thinSpace}s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours > 0) return `${hours}${thinSpace}h ${minutes}${thinSpace}min`;
  return `${minutes}${thinSpace}min ${whole % 60}${thinSpace}s`;
}

/** Binary units: `1.21 GiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const exponent = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** exponent;
  return `${scaled.toLocaleString('en-US', { maximumSignificantDigits: 3 })}${thinSpace}${units[exponent]}`;
}

/** `2026-11-23 10:05:12 UTC`; what is no time stays as it is. */
export function time(rfc3339: string): string {
  const date = new Date(rfc3339);
  if (Number.isNaN(date.getTime())) return rfc3339;
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1 worker`, `2 workers`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

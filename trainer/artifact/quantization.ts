/**
 * Weights in fewer bytes, as the loader of TensorFlow.js undoes it: float16, or 8 and 16 bit
 * integers with a scale and a minimum per weight. Same arithmetic as the Python converter's
 * tensorflowjs/quantization.py. Only files are quantised; training and digest use float32.
 */
import type { OutputConfig } from '@tfjs-operator/api/run-config.ts';

export type Quantization = OutputConfig['quantization'];

/** `quantization` of a weight in weightsManifest. */
export type QuantizationInfo =
  | { readonly dtype: 'float16'; readonly original_dtype: 'float32' }
  | {
      readonly dtype: 'uint8' | 'uint16';
      readonly scale: number;
      readonly min: number;
      readonly original_dtype: 'float32';
    };

export interface StoredValues {
  readonly bytes: Uint8Array;
  readonly info?: QuantizationInfo;
}

export function quantize(values: Float32Array, quantization: Quantization): StoredValues {
  if (quantization === 'none') return { bytes: new Uint8Array(values.slice().buffer) };
  if (quantization === 'float16') {
    return {
      bytes: new Uint8Array(Uint16Array.from(values, halfBits).buffer),
      info: { dtype: 'float16', original_dtype: 'float32' },
    };
  }
  return quantizeToIntegers(values, quantization);
}

function quantizeToIntegers(values: Float32Array, dtype: 'uint8' | 'uint16'): StoredValues {
  const levels = dtype === 'uint8' ? 0xff : 0xffff;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (values.length === 0 || low === high) {
    // One level: the converter stores scale 1 and the value as minimum.
    const min = values[0] ?? 0;
    const bytes = new Uint8Array(values.length * (dtype === 'uint8' ? 1 : 2));
    return { bytes, info: { dtype, scale: 1, min, original_dtype: 'float32' } };
  }
  const { scale, min } = exactZero((high - low) / levels, low, high);
  const level = (value: number): number =>
    Math.min(levels, Math.max(0, Math.round((value - min) / scale)));
  const stored =
    dtype === 'uint8' ? Uint8Array.from(values, level) : Uint16Array.from(values, level);
  return {
    bytes: new Uint8Array(stored.buffer),
    info: { dtype, scale, min, original_dtype: 'float32' },
  };
}

/** Moves the minimum so that 0 (padding, dead units) is exactly one of the levels. */
function exactZero(scale: number, low: number, high: number): { scale: number; min: number } {
  if (low >= 0 || high <= 0) return { scale, min: low };
  return { scale, min: -Math.round(-low / scale) * scale };
}

/** Values as they come back from a file. */
export function dequantize(bytes: Uint8Array, info: QuantizationInfo): Float32Array {
  // A copy: the view's offset need not be a multiple of the element size.
  const { buffer } = new Uint8Array(bytes);
  if (info.dtype === 'float16') return Float32Array.from(new Uint16Array(buffer), valueOfHalf);
  const levels = info.dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return Float32Array.from(levels, (level) => level * info.scale + info.min);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** IEEE 754 binary16 of a number, rounded to nearest even. */
export function halfBits(value: number): number {
  single[0] = value;
  const bits = singleBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude >= 0x7f80_0000) return sign | 0x7c00 | (magnitude > 0x7f80_0000 ? 0x200 : 0);
  // 65520 and above round to infinity
  if (magnitude >= 0x477f_f000) return sign | 0x7c00;
  if (magnitude < 0x3880_0000) {
    // Below 2^-14 halves are multiples of 2^-24, and Math.round must be undone at ties.
    return sign | roundToEven(Math.abs(single[0]) * 2 ** 24);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x3800_0000) >>> 13);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function valueOfHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

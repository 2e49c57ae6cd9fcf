/**
 * An n-dimensional array as IDX and npy files hold it (raw bytes with an element type, a byte
 * order and a memory order) and its conversion to row-major numbers. Knows no file format.
 */

export type ElementType =
  'u1' | 'i1' | 'u2' | 'i2' | 'u4' | 'i4' | 'u8' | 'i8' | 'f2' | 'f4' | 'f8';

export interface NumericArray {
  readonly type: ElementType;
  readonly isLittleEndian: boolean;
  /** True: the first index changes fastest (Fortran); false: the last one does (C). */
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
  /** Exactly elements(shape) * elementBytes(type) bytes. */
  readonly body: Uint8Array;
}

export function elementBytes(type: ElementType): number {
  return Number(type.slice(1));
}

/** Product of a shape; 1 for a scalar. Not exact above 2^53, but never too small there. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Row-major elements: bytes stay bytes (a view where possible), all else becomes float32. */
export function toFeatures(array: NumericArray): Uint8Array | Float32Array {
  const stored = storedNumbers(array);
  if (stored instanceof Uint8Array) return rowMajor(stored, array, Uint8Array);
  const floats = stored instanceof Float32Array ? stored : Float32Array.from(stored, Number);
  return rowMajor(floats, array, Float32Array);
}

/** Row-major elements as float64: exact for whole numbers up to 2^53. */
export function toNumbers(array: NumericArray): Float64Array {
  return rowMajor(Float64Array.from(storedNumbers(array), Number), array, Float64Array);
}

type Stored = ArrayLike<number | bigint> & Iterable<number | bigint>;

/** The elements in the order of the file. */
function storedNumbers(array: NumericArray): Stored {
  if (array.type === 'u1') return array.body;
  if (array.type === 'i1') return new Int8Array(array.body);
  const bytes = elementBytes(array.type);
  // A copy gives the alignment that typed arrays demand and may be swapped in place. Not by slice():
  // the body may be a Buffer, whose slice() is a view.
  const copy = Buffer.from(new Uint8Array(array.body).buffer);
  if (!array.isLittleEndian) swapBytes(copy, bytes);
  const length = copy.length / bytes;
  const views: Record<Exclude<ElementType, 'u1' | 'i1'>, () => Stored> = {
    u2: () => new Uint16Array(copy.buffer, 0, length),
    i2: () => new Int16Array(copy.buffer, 0, length),
    u4: () => new Uint32Array(copy.buffer, 0, length),
    i4: () => new Int32Array(copy.buffer, 0, length),
    u8: () => new BigUint64Array(copy.buffer, 0, length),
    i8: () => new BigInt64Array(copy.buffer, 0, length),
    f2: () => Float32Array.from(new Uint16Array(copy.buffer, 0, length), halfToNumber),
    f4: () => new Float32Array(copy.buffer, 0, length),
    f8: () => new Float64Array(copy.buffer, 0, length),
  };
  return views[array.type]();
}

function swapBytes(bytes: Buffer, size: number): void {
  if (size === 2) bytes.swap16();
  else if (size === 4) bytes.swap32();
  else bytes.swap64();
}

/** IEEE 754 binary16. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

type Elements = Uint8Array | Float32Array | Float64Array;

function rowMajor<T extends Elements>(
  stored: T,
  array: NumericArray,
  kind: new (length: number) => T,
): T {
  const { shape } = array;
  if (!array.isFortranOrder || shape.length < 2) return stored;
  const strides = shape.map((_, axis) => elements(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  const out = new kind(stored.length);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = stored[from]!;
    // Counts the row-major index up, the last axis first, and moves the source along.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      from += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

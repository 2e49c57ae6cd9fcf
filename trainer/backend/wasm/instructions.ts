/**
 * The WebAssembly instructions on values that the gradient kernels use, by the names of their types.
 * Each takes and returns code, see assembler.ts.
 * Opcodes: WebAssembly core specification 2.0, section 5.4; relaxed SIMD is part of 3.0.
 */
import { signed, unsigned } from './leb128.ts';

/** Encoded instructions. */
export type Code = readonly number[];

const simdPrefix = 0xfd;

type Binary = (left: Code, right: Code) => Code;
type Load = (address: Code, offset?: number) => Code;
type Unary = (value: Code) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;

function binary(...opcode: readonly number[]): Binary {
  return (left, right) => [...left, ...right, ...opcode];
}

function unary(...opcode: readonly number[]): Unary {
  return (value) => [...value, ...opcode];
}

/** The alignment hint 2 (4 bytes) is always true here: all tensors are arrays of 4-byte numbers. */
const alignmentHint = 2;

function load(...opcode: readonly number[]): Load {
  return (address, offset = 0) => [...address, ...opcode, alignmentHint, ...unsigned(offset)];
}

function store(...opcode: readonly number[]): Store {
  return (address, value, offset = 0) => [
    ...address,
    ...value,
    ...opcode,
    alignmentHint,
    ...unsigned(offset),
  ];
}

function simd(opcode: number): number[] {
  return [simdPrefix, ...unsigned(opcode)];
}

function floatConstant(value: number): Code {
  return [0x43, ...new Uint8Array(Float32Array.of(value).buffer)];
}

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: load(0x28),
  store: store(0x36),
  add: binary(0x6a),
  subtract: binary(0x6b),
  multiply: binary(0x6c),
  isLess: binary(0x48),
  isGreaterOrEqual: binary(0x4e),
  isEqual: binary(0x46),
  isZero: unary(0x45),
} as const;

export const f32 = {
  load: load(0x2a),
  store: store(0x38),
  add: binary(0x92),
  multiply: binary(0x94),
  isEqual: binary(0x5b),
  max: binary(0x97),
  /** Of an i32. */
  ofInteger: unary(0xb2),
  constant: floatConstant,
  zero: (): Code => floatConstant(0),
} as const;

export const v128 = {
  load: load(...simd(0x00)),
  store: store(...simd(0x0b)),
  /** One number into the first lane, zeros into the others. */
  loadOne: load(...simd(0x5c)),
  /** The first lane. */
  storeOne: (address: Code, value: Code, offset = 0): Code => [
    ...store(...simd(0x5a))(address, value, offset),
    0,
  ],
  and: binary(...simd(0x4e)),
  /** left & ~right */
  andNot: binary(...simd(0x4f)),
  or: binary(...simd(0x50)),
  /** Bits of `one` where `mask` has ones, of `two` elsewhere. */
  select: (mask: Code, one: Code, two: Code): Code => [...one, ...two, ...mask, ...simd(0x52)],
  zero: (): Code => [...simd(0x0c), ...new Array<number>(16).fill(0)],
  /** Ones in all bits of the first of four lanes. */
  firstLane: (): Code => [
    ...simd(0x0c),
    ...Array.from({ length: 16 }, (_, byte) => (byte < 4 ? 0xff : 0)),
  ],
} as const;

export const f32x4 = {
  loadSplat: load(...simd(0x09)),
  splat: unary(...simd(0x13)),
  /** One lane as an f32. */
  lane: (value: Code, lane: number): Code => [...value, ...simd(0x1f), lane],
  isEqual: binary(...simd(0x41)),
  isGreater: binary(...simd(0x44)),
  squareRoot: unary(...simd(0xe3)),
  add: binary(...simd(0xe4)),
  subtract: binary(...simd(0xe5)),
  multiply: binary(...simd(0xe6)),
  divide: binary(...simd(0xe7)),
  max: binary(...simd(0xe9)),
  /** `left` unless `right` is smaller: one instruction on x86, and NaN in `left` stays. */
  pseudoMin: binary(...simd(0xea)),
  /** `left` unless `right` is greater. */
  pseudoMax: binary(...simd(0xeb)),
  isLess: binary(...simd(0x43)),
  absolute: unary(...simd(0xe0)),
  negate: unary(...simd(0xe1)),
  nearest: unary(...simd(0x6a)),
  /** The same number in all lanes. */
  constant: (value: number): Code => {
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    return [...simd(0x0c), ...bytes, ...bytes, ...bytes, ...bytes];
  },
  /** left * right + addend, in one rounding or two: the processor decides (relaxed SIMD). */
  relaxedMultiplyAdd: (left: Code, right: Code, addend: Code): Code => [
    ...left,
    ...right,
    ...addend,
    ...simd(0x105),
  ],
} as const;

export const i32x4 = {
  add: binary(...simd(0xae)),
  /** Toward zero; NaN becomes 0. */
  ofFloats: unary(...simd(0xf8)),
  shiftLeft: (value: Code, bits: number): Code => [...value, ...i32.constant(bits), ...simd(0xab)],
  constant: (value: number): Code => {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    return [...simd(0x0c), ...bytes, ...bytes, ...bytes, ...bytes];
  },
} as const;

/** Copies `bytes`; the stretches may overlap. */
export function memoryCopy(to: Code, from: Code, bytes: Code): Code {
  return [...to, ...from, ...bytes, 0xfc, 0x0a, 0, 0];
}

/**
 * Writes WebAssembly bytes: the few instructions that the gradient kernels use, functions with
 * named locals, and a module that imports the memory of the tfjs wasm backend. It knows nothing
 * of tensors. Expressions are byte sequences that leave a value on the stack, so nesting calls
 * reads like the text format: `f32x4.add(get('a'), get('b'))`.
 * Opcodes: WebAssembly core specification 2.0, binary format, sections 5.4 and 5.5.
 */

/** Encoded instructions. */
export type Code = readonly number[];
export type ValueType = 'i32' | 'f32' | 'v128';

export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** Access to a function's parameters and locals by name. */
export interface Frame {
  get(name: string): Code;
  set(name: string, value: Code): Code;
  /** name += value, for i32. */
  increase(name: string, value: Code): Code;
}

const valueTypes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
const emptyBlock = 0x40;
const simdPrefix = 0xfd;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

type Binary = (left: Code, right: Code) => Code;
type Load = (address: Code, offset?: number) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;

function binary(...opcode: readonly number[]): Binary {
  return (left, right) => [...left, ...right, ...opcode];
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

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: binary(0x6a),
  subtract: binary(0x6b),
  multiply: binary(0x6c),
  isLess: binary(0x48),
  isGreaterOrEqual: binary(0x4e),
  isEqual: binary(0x46),
} as const;

export const f32 = {
  load: load(0x2a),
  store: store(0x38),
  add: binary(0x92),
  multiply: binary(0x94),
  isEqual: binary(0x5b),
  zero: (): Code => [0x43, 0, 0, 0, 0],
} as const;

export const v128 = {
  load: load(...simd(0x00)),
  store: store(...simd(0x0b)),
  and: binary(...simd(0x4e)),
  /** left & ~right */
  andNot: binary(...simd(0x4f)),
  or: binary(...simd(0x50)),
  zero: (): Code => [...simd(0x0c), ...new Array<number>(16).fill(0)],
} as const;

export const f32x4 = {
  loadSplat: load(...simd(0x09)),
  isEqual: binary(...simd(0x41)),
  add: binary(...simd(0xe4)),
  multiply: binary(...simd(0xe6)),
} as const;

/** Repeats `body` as long as `condition` is not 0, tested before each pass. */
export function loopWhile(condition: Code, body: Code): Code {
  const [block, loop, branch, branchIf, end, isZero] = [0x02, 0x03, 0x0c, 0x0d, 0x0b, 0x45];
  return [
    ...[block, emptyBlock, loop, emptyBlock],
    ...[...condition, isZero, branchIf, 1, ...body, branch, 0],
    ...[end, end],
  ];
}

/** Repeats `body` until `condition` is 0, tested after each pass: one branch less in hot loops. */
export function loopUntilZero(condition: Code, body: Code): Code {
  return [0x03, emptyBlock, ...body, ...condition, 0x0d, 0, 0x0b];
}

export function when(condition: Code, body: Code): Code {
  return [...condition, 0x04, emptyBlock, ...body, 0x0b];
}

/**
 * @param parameters names; all are i32 (addresses, sizes and strides)
 * @param locals name to type
 */
export function defineFunction(
  name: string,
  parameters: readonly string[],
  locals: Readonly<Record<string, ValueType>>,
  body: (frame: Frame) => Code,
): WasmFunction {
  const names = [...parameters, ...Object.keys(locals)];
  const indexOf = (local: string): number[] => {
    const index = names.indexOf(local);
    if (index < 0) throw new RangeError(`The wasm function ${name} has no local ${local}.`);
    return unsigned(index);
  };
  const get = (local: string): Code => [0x20, ...indexOf(local)];
  const set = (local: string, value: Code): Code => [...value, 0x21, ...indexOf(local)];
  const increase = (local: string, value: Code): Code => set(local, i32.add(get(local), value));
  return {
    name,
    parameters: parameters.length,
    locals: Object.values(locals),
    body: body({ get, set, increase }),
  };
}

function vector(items: readonly Code[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

function section(id: number, content: Code): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function codeOf({ locals, body }: WasmFunction): Code {
  const declared = vector(locals.map((type) => [1, valueTypes[type]]));
  const content = [...declared, ...body, 0x0b];
  return [...unsigned(content.length), ...content];
}

/** A module that imports `env.memory` and exports every function under its name. */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    ...[0x60, ...vector(new Array<Code>(parameters).fill([valueTypes.i32]))],
    0,
  ]);
  const memoryWithoutMaximum = [0x02, 0x00, 1];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...text('env'), ...text('memory'), ...memoryWithoutMaximum]])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(
      7,
      vector(functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)])),
    ),
    ...section(10, vector(functions.map(codeOf))),
  ]);
}

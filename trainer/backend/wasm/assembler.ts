/**
 * Writes WebAssembly bytes: control flow, functions with named locals, and a module that imports
 * the memory of the tfjs wasm backend. It knows nothing of tensors; instructions on values are in
 * instructions.ts. Expressions are byte sequences that leave a value on the stack, so nesting calls
 * reads like the text format: `f32x4.add(get('a'), get('b'))`.
 * Opcodes: WebAssembly core specification 2.0, binary format, sections 5.4 and 5.5.
 */
import { i32, type Code } from './instructions.ts';
import { unsigned } from './leb128.ts';

export type { Code };
export type ValueType = 'i32' | 'f32' | 'v128';

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
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
 * @param parameters names; i32 (addresses, sizes and strides) where no type is given
 * @param locals name to type
 */
export function defineFunction(
  name: string,
  parameters: readonly (string | readonly [name: string, type: ValueType])[],
  locals: Readonly<Record<string, ValueType>>,
  body: (frame: Frame) => Code,
): WasmFunction {
  const typed = parameters.map((parameter): readonly [string, ValueType] =>
    typeof parameter === 'string' ? [parameter, 'i32'] : parameter,
  );
  const names = [...typed.map(([parameter]) => parameter), ...Object.keys(locals)];
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
    parameters: typed.map(([, type]) => type),
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
    ...[0x60, ...vector(parameters.map((type) => [valueTypes[type]]))],
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

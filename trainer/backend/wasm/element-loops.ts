/**
 * Writes loops over the numbers of tensors, four at a time and the rest one by one with the same
 * instructions: a `defineFlatLoop` over arrays of equal length, a `defineRowLoop` over matrices that
 * meet one number per column. What happens to the numbers is the caller's.
 */
import {
  defineFunction,
  loopUntilZero,
  loopWhile,
  type Code,
  type Frame,
  type ValueType,
  type WasmFunction,
} from './assembler.ts';
import { f32x4, i32, v128 } from './instructions.ts';

/** One step's access to the numbers; values are vectors of four floats. */
export interface Elements {
  /** A scalar in all lanes, a number of the column, or a sum so far. */
  get(name: string): Code;
  set(name: string, value: Code): Code;
  load(array: string): Code;
  store(array: string, value: Code): Code;
  /** `value` with zeros in the lanes that hold no number of the arrays, for sums over lanes. */
  lanesOnly(value: Code): Code;
}

export interface Width {
  readonly bytes: number;
  readonly load: typeof v128.load;
  readonly store: typeof v128.store;
  readonly lanesOnly: (value: Code) => Code;
}

/** Four numbers, then one. */
export const widths: readonly Width[] = [
  { bytes: 16, load: v128.load, store: v128.store, lanesOnly: (value) => value },
  {
    ...{ bytes: 4, load: v128.loadOne, store: v128.storeOne },
    lanesOnly: (value) => v128.and(value, v128.firstLane()),
  },
];
const floatBytes = 4;

export function localsOf(names: readonly string[], type: ValueType): Record<string, ValueType> {
  return Object.fromEntries(names.map((name) => [name, type]));
}

export function elementsAt(
  { get, set }: Frame,
  { load, store, lanesOnly }: Width,
  addressOf: (array: string) => Code,
): Elements {
  return {
    get,
    set,
    lanesOnly,
    load: (array) => load(addressOf(array)),
    store: (array, value) => store(addressOf(array), value),
  };
}

/**
 * Parameters of the function: the count, the addresses of `arrays`, then `scalars` (f32).
 * @param body what to do with four numbers of each array; `values` are locals for it
 */
export function defineFlatLoop(
  name: string,
  parts: {
    readonly arrays: readonly string[];
    readonly scalars?: readonly string[];
    readonly values?: readonly string[];
  },
  body: (elements: Elements) => Code,
): WasmFunction {
  const { arrays, scalars = [], values = [] } = parts;
  const scalarParameters = scalars.map((scalar) => [`${scalar}One`, 'f32'] as const);
  const locals = { ...localsOf([...scalars, ...values], 'v128'), leftBytes: 'i32' } as const;
  return defineFunction(name, ['count', ...arrays, ...scalarParameters], locals, (frame) => {
    const { get, set, increase } = frame;
    return [
      ...scalars.flatMap((scalar) => set(scalar, f32x4.splat(get(`${scalar}One`)))),
      ...set('leftBytes', i32.multiply(get('count'), i32.constant(floatBytes))),
      ...widths.flatMap((width) =>
        loopWhile(i32.isGreaterOrEqual(get('leftBytes'), i32.constant(width.bytes)), [
          ...body(elementsAt(frame, width, get)),
          ...arrays.flatMap((array) => increase(array, i32.constant(width.bytes))),
          ...increase('leftBytes', i32.constant(-width.bytes)),
        ]),
      ),
    ];
  });
}

/**
 * Parameters of the function: rows (at least 1), columns, then the addresses of `matrices` (dense),
 * `columns` (read before the rows) and `sums` (to which the sums over the rows are added).
 */
export function defineRowLoop(
  name: string,
  parts: {
    readonly matrices: readonly string[];
    readonly columns?: readonly string[];
    readonly sums?: readonly string[];
    readonly values?: readonly string[];
  },
  body: (elements: Elements) => Code,
): WasmFunction {
  const { matrices, columns = [], sums = [], values = [] } = parts;
  const addresses = (names: readonly string[]): string[] => names.map((each) => `${each}Address`);
  const pointers = matrices.map((matrix) => `${matrix}At`);
  const locals = {
    ...localsOf([...columns, ...sums, ...values], 'v128'),
    ...localsOf(['columnBytes', 'column', 'row', ...pointers], 'i32'),
  };
  const parameters = ['rows', 'columns', ...addresses([...matrices, ...columns, ...sums])];
  return defineFunction(name, parameters, locals, (frame) => {
    const { get, set, increase } = frame;
    const startOf = (each: string): Code => i32.add(get(`${each}Address`), get('column'));
    const group = (width: Width): Code => [
      ...columns.flatMap((each) => set(each, width.load(startOf(each)))),
      ...sums.flatMap((each) => set(each, v128.zero())),
      ...matrices.flatMap((each) => set(`${each}At`, startOf(each))),
      ...set('row', get('rows')),
      ...loopUntilZero(get('row'), [
        ...body(elementsAt(frame, width, (matrix) => get(`${matrix}At`))),
        ...pointers.flatMap((pointer) => increase(pointer, get('columnBytes'))),
        ...increase('row', i32.constant(-1)),
      ]),
      ...sums.flatMap((each) =>
        width.store(startOf(each), f32x4.add(width.load(startOf(each)), get(each))),
      ),
      ...increase('column', i32.constant(width.bytes)),
    ];
    return [
      ...set('columnBytes', i32.multiply(get('columns'), i32.constant(floatBytes))),
      ...set('column', i32.constant(0)),
      ...widths.flatMap((width) =>
        loopWhile(
          i32.isGreaterOrEqual(
            get('columnBytes'),
            i32.add(get('column'), i32.constant(width.bytes)),
          ),
          group(width),
        ),
      ),
    ];
  });
}

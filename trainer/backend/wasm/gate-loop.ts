/**
 * Writes loops over the units of recurrent cells for a batch of samples, four units at a time:
 * arrays of one number per unit, and arrays of several gates side by side in each row.
 */
import {
  defineFunction,
  loopUntilZero,
  loopWhile,
  type Code,
  type Frame,
  type WasmFunction,
} from './assembler.ts';
import { elementsAt, localsOf, widths, type Elements, type Width } from './element-loops.ts';
import { i32 } from './instructions.ts';

export interface GateArrays {
  /** [rows, units]. */
  readonly units: readonly string[];
  /** [rows, parts · units]: the parts are loaded and stored as "name.part". */
  readonly gates?: Readonly<Record<string, readonly string[]>>;
  /** [parts · units], the same for each row. */
  readonly shared?: Readonly<Record<string, readonly string[]>>;
}

type Step = (elements: Elements, frame: Frame) => Code;

/** Parameters of the function: rows and units (at least 1), then addresses of all arrays, in order. */
export function defineGateLoop(
  name: string,
  arrays: GateArrays & { readonly values: readonly string[] },
  body: Step,
): WasmFunction {
  const { units, gates = {}, shared = {}, values } = arrays;
  const partsOf = (group: typeof gates): (readonly [string, readonly string[]])[] =>
    Object.entries(group).map(([array, parts]) => [array, parts.map((part) => `${array}.${part}`)]);
  const wide = [...partsOf(gates), ...partsOf(shared)];
  const pointers = [...units, ...wide.flatMap(([, parts]) => parts)];
  const parameters = ['rows', 'width', ...units, ...wide.map(([array]) => array)];
  const locals = {
    ...localsOf(['unitBytes', 'leftBytes', ...wide.flatMap(([, parts]) => parts)], 'i32'),
    ...localsOf(values, 'v128'),
  };
  return defineFunction(name, parameters, locals, (frame) => {
    const { get, set, increase } = frame;
    const starts = wide.flatMap(([array, parts]) =>
      parts.flatMap((part, index) =>
        set(part, i32.add(get(array), i32.multiply(get('unitBytes'), i32.constant(index)))),
      ),
    );
    /** From the end of a part to its beginning in the next row. */
    const skip = (group: typeof gates, countOf: (parts: number) => number): Code =>
      partsOf(group).flatMap(([, parts]) =>
        parts.flatMap((part) =>
          increase(part, i32.multiply(get('unitBytes'), i32.constant(countOf(parts.length)))),
        ),
      );
    const step = (width: Width): Code =>
      loopWhile(i32.isGreaterOrEqual(get('leftBytes'), i32.constant(width.bytes)), [
        ...body(elementsAt(frame, width, get), frame),
        ...pointers.flatMap((pointer) => increase(pointer, i32.constant(width.bytes))),
        ...increase('leftBytes', i32.constant(-width.bytes)),
      ]);
    return [
      ...set('unitBytes', i32.multiply(get('width'), i32.constant(4))),
      ...starts,
      ...loopUntilZero(get('rows'), [
        ...set('leftBytes', get('unitBytes')),
        ...widths.flatMap(step),
        ...skip(gates, (parts) => parts - 1),
        ...skip(shared, () => -1),
        ...increase('rows', i32.constant(-1)),
      ]),
    ];
  });
}

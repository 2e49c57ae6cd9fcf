/**
 * Matrices cut into panels of 8 columns, each contiguous, the last one filled up with zeros: the
 * form in which the product loop reads its right side. Two loops write it, as wasm code: one from
 * rows, one from a transposed matrix.
 */
import {
  defineFunction,
  loopUntilZero,
  loopWhile,
  when,
  type Code,
  type Frame,
  type ValueType,
  type WasmFunction,
} from './assembler.ts';
import { f32, i32, v128 } from './instructions.ts';

const floatBytes = 4;
const vectorBytes = 16;
export const panelColumns = 8;
const panelRowBytes = panelColumns * floatBytes;
const columns = Array.from({ length: panelColumns }, (_, index) => index);

/** Floats of a matrix in panels. */
export function panelFloats(rows: number, columnCount: number): number {
  return rows * Math.ceil(columnCount / panelColumns) * panelColumns;
}

/** The first `left` of eight numbers from addresses that lie `stride` bytes apart, then zeros. */
function copySome({ get, set, increase }: Frame, stride: Code): Code {
  return [
    ...v128.store(get('to'), v128.zero()),
    ...v128.store(get('to'), v128.zero(), vectorBytes),
    ...set('index', i32.constant(0)),
    ...set('at', get('from')),
    ...loopWhile(i32.isLess(get('index'), get('leftBytes')), [
      ...f32.store(i32.add(get('to'), get('index')), f32.load(get('at'))),
      ...increase('at', stride),
      ...increase('index', i32.constant(floatBytes)),
    ]),
  ];
}

/** Eight numbers each from the columns on, for all rows, panel after panel. */
function overPanels(
  frame: Frame,
  o: { eight: Code; some: Code; nextRow: Code; nextPanel: Code },
): Code {
  const { get, set, increase } = frame;
  const isWhole = i32.isGreaterOrEqual(get('leftBytes'), i32.constant(panelRowBytes));
  const overRows = (row: Code): Code => [
    ...set('from', get('start')),
    ...set('row', get('rows')),
    ...loopUntilZero(get('row'), [
      ...row,
      ...increase('from', o.nextRow),
      ...increase('to', get('toRow')),
      ...increase('row', i32.constant(-1)),
    ]),
    ...increase('start', o.nextPanel),
    ...increase('panel', get('panelBytes')),
    ...set('to', get('panel')),
    ...increase('leftBytes', i32.constant(-panelRowBytes)),
  ];
  return [
    ...set('leftBytes', i32.multiply(get('columns'), i32.constant(floatBytes))),
    ...set('start', get('source')),
    ...set('to', get('panel')),
    ...set('toRow', i32.constant(panelRowBytes)),
    ...loopWhile(isWhole, overRows(o.eight)),
    ...when(i32.isLess(i32.constant(0), get('leftBytes')), overRows(o.some)),
  ];
}

const parameters = ['rows', 'columns', 'source', 'sourceRow', 'panel', 'panelBytes'];
const locals: Readonly<Record<string, ValueType>> = {
  ...{ leftBytes: 'i32', start: 'i32', from: 'i32', to: 'i32', toRow: 'i32' },
  ...{ row: 'i32', index: 'i32', at: 'i32' },
};

/** Panels of `rows` x `columns` numbers whose rows lie `sourceRow` bytes apart. */
export const panelsOfRows: WasmFunction = defineFunction(
  'panelsOfRows',
  parameters,
  locals,
  (frame) => {
    const { get } = frame;
    return overPanels(frame, {
      eight: [
        ...v128.store(get('to'), v128.load(get('from'))),
        ...v128.store(get('to'), v128.load(get('from'), vectorBytes), vectorBytes),
      ],
      some: copySome(frame, i32.constant(floatBytes)),
      nextRow: get('sourceRow'),
      nextPanel: i32.constant(panelRowBytes),
    });
  },
);

/** Panels of `rows` x `columns` numbers of which each *column* lies in one piece in memory. */
export const panelsOfColumns: WasmFunction = defineFunction(
  'panelsOfColumns',
  parameters,
  { ...locals, ...Object.fromEntries(columns.map((column) => [`from${column}`, 'i32'])) },
  (frame) => {
    const { get, set } = frame;
    const addresses = columns
      .slice(1)
      .flatMap((column) =>
        set(
          `from${column}`,
          i32.add(column === 1 ? get('from') : get(`from${column - 1}`), get('sourceRow')),
        ),
      );
    return overPanels(frame, {
      eight: [
        ...addresses,
        ...columns.flatMap((column) =>
          f32.store(
            get('to'),
            f32.load(column === 0 ? get('from') : get(`from${column}`)),
            column * floatBytes,
          ),
        ),
      ],
      some: copySome(frame, get('sourceRow')),
      nextRow: i32.constant(floatBytes),
      nextPanel: i32.multiply(get('sourceRow'), i32.constant(panelColumns)),
    });
  },
);

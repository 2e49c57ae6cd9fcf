/**
 * The dense loop under every product of matrices, as wasm code: C = A·B (+ addend, then relu).
 * Where rows of A begin and rows of C go is read from tables of byte offsets, and a row of A is
 * walked in segments, so that the patches of a convolution are rows without being copied. B comes in
 * panels of 8 columns (see panels.ts). Sums stay in registers, in blocks of up to 4 rows and 8
 * columns: 8 of the 16 vector registers of x86-64, as many as hide the latency of multiply-add.
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
import { f32, f32x4, i32, v128 } from './instructions.ts';
import type { MultiplyAdd } from './multiply-add.ts';

const maxRows = 4;
const floatBytes = 4;
const vectorBytes = 16;
/** Bytes of one row of a panel: 8 floats, two vectors. */
const panelRowBytes = 32;
const halves = [0, 1] as const;

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function each(rows: number, action: (row: number, half: 0 | 1, sum: string) => Code): Code {
  return upTo(rows).flatMap((row) =>
    halves.flatMap((half) => action(row, half, `sum${row}${half}`)),
  );
}

const locals: Readonly<Record<string, ValueType>> = {
  ...{ column: 'i32', left: 'i32', leftRows: 'i32', segment: 'i32', aSkip: 'i32', bAt: 'i32' },
  ...{ aEntry: 'i32', cEntry: 'i32', leftBytes: 'i32', number: 'i32', panelBytes: 'i32' },
  ...Object.fromEntries(
    upTo(maxRows).flatMap((row): [string, ValueType][] => [
      [`a${row}`, 'i32'],
      [`c${row}`, 'i32'],
      [`sum${row}0`, 'v128'],
      [`sum${row}1`, 'v128'],
    ]),
  ),
  ...{ a: 'v128', b0: 'v128', b1: 'v128', lowest: 'v128', lowestOne: 'f32' },
};

/** All sums of a block: for each segment and step, a row of the panel times one number per row. */
function sumProducts({ get, set, increase }: Frame, rows: number, multiplyAdd: MultiplyAdd): Code {
  const step = [
    ...halves.flatMap((half) => set(`b${half}`, v128.load(get('bAt'), half * vectorBytes))),
    ...upTo(rows).flatMap((row) => [
      ...set('a', f32x4.loadSplat(get(`a${row}`))),
      ...halves.flatMap((half) =>
        set(`sum${row}${half}`, multiplyAdd(get('a'), get(`b${half}`), get(`sum${row}${half}`))),
      ),
      ...increase(`a${row}`, get('aStep')),
    ]),
    ...increase('bAt', i32.constant(panelRowBytes)),
    ...increase('left', i32.constant(-1)),
  ];
  return [
    ...upTo(rows).flatMap((row) =>
      set(`a${row}`, i32.add(get('aStart'), i32.load(get('aEntry'), row * floatBytes))),
    ),
    ...each(rows, (_row, _half, sum) => set(sum, v128.zero())),
    ...set('bAt', get('panel')),
    ...set('segment', get('segments')),
    ...loopUntilZero(get('segment'), [
      ...set('left', get('steps')),
      ...loopUntilZero(get('left'), step),
      ...upTo(rows).flatMap((row) => increase(`a${row}`, get('aSkip'))),
      ...increase('segment', i32.constant(-1)),
    ]),
  ];
}

/** Address of the addend for row `row` of the block, at the current columns. */
function addendAt({ get }: Frame, row: number): Code {
  const offset = i32.load(get('cEntry'), row * floatBytes);
  return i32.add(i32.add(get('addend'), get('column')), i32.multiply(offset, get('isAddendByRow')));
}

/** Eight columns: sums to C in vectors. */
function storeVectors(frame: Frame, rows: number): Code {
  const { get, set } = frame;
  return [
    ...when(
      get('addend'),
      each(rows, (row, half, sum) =>
        set(sum, f32x4.add(get(sum), v128.load(addendAt(frame, row), half * vectorBytes))),
      ),
    ),
    ...each(rows, (row, half, sum) =>
      v128.store(get(`c${row}`), f32x4.max(get(sum), get('lowest')), half * vectorBytes),
    ),
  ];
}

/** Fewer than eight columns: by way of a tile in memory, one number at a time. */
function storeNumbers(frame: Frame, rows: number): Code {
  const { get, set, increase } = frame;
  const one = (row: number): Code => {
    const at = i32.add(get('tile'), get('number'));
    const sum = f32.load(at, row * panelRowBytes);
    return [
      ...when(
        get('addend'),
        f32.store(
          at,
          f32.add(sum, f32.load(i32.add(addendAt(frame, row), get('number')))),
          row * panelRowBytes,
        ),
      ),
      ...f32.store(
        i32.add(get(`c${row}`), get('number')),
        f32.max(f32.load(at, row * panelRowBytes), get('lowestOne')),
      ),
    ];
  };
  return [
    ...each(rows, (row, half, sum) =>
      v128.store(get('tile'), get(sum), row * panelRowBytes + half * vectorBytes),
    ),
    ...upTo(rows).flatMap((row) => [
      ...set('number', i32.constant(0)),
      ...loopWhile(i32.isLess(get('number'), get('leftBytes')), [
        ...one(row),
        ...increase('number', i32.constant(floatBytes)),
      ]),
    ]),
  ];
}

function block(frame: Frame, rows: number, multiplyAdd: MultiplyAdd): Code {
  const { get, set, increase } = frame;
  const isWhole = i32.isGreaterOrEqual(get('leftBytes'), i32.constant(panelRowBytes));
  return [
    ...sumProducts(frame, rows, multiplyAdd),
    ...upTo(rows).flatMap((row) =>
      set(
        `c${row}`,
        i32.add(i32.add(get('c'), get('column')), i32.load(get('cEntry'), row * floatBytes)),
      ),
    ),
    ...when(isWhole, storeVectors(frame, rows)),
    ...when(i32.isZero(isWhole), storeNumbers(frame, rows)),
    ...increase('aEntry', i32.constant(rows * floatBytes)),
    ...increase('cEntry', i32.constant(rows * floatBytes)),
    ...increase('leftRows', i32.constant(-rows)),
  ];
}

/**
 * C[row, columns] = max(lowest, Σ over `segments` and `steps` of A[row, segment, step] ·
 * B[segment, step, columns] + addend).
 * - `aTable`, `cTable`: address of `rows` byte offsets from `aStart` and `c`
 * - `aSegment`, `aStep`: bytes from one segment and one step to the next
 * - `addend`: address of a row, or with `isAddendByRow` 1 of numbers that lie like C; 0: none
 * - `tile`: room for 32 floats; `isRelu`: lowest is 0 instead of -Infinity
 */
export function productLoop(multiplyAdd: MultiplyAdd): WasmFunction {
  return defineFunction(
    'product',
    [
      ...['rows', 'columns', 'segments', 'steps', 'aTable', 'aStart', 'aSegment', 'aStep'],
      ...['panel', 'addend', 'isAddendByRow', 'cTable', 'c', 'tile', 'isRelu'],
    ],
    locals,
    (frame) => {
      const { get, set, increase } = frame;
      const overRows = [
        ...set('aEntry', get('aTable')),
        ...set('cEntry', get('cTable')),
        ...set('leftRows', get('rows')),
        ...loopWhile(
          i32.isGreaterOrEqual(get('leftRows'), i32.constant(maxRows)),
          block(frame, maxRows, multiplyAdd),
        ),
        ...[3, 2, 1].flatMap((rest) =>
          when(i32.isEqual(get('leftRows'), i32.constant(rest)), block(frame, rest, multiplyAdd)),
        ),
      ];
      return [
        ...set('lowestOne', f32.constant(-Infinity)),
        ...when(get('isRelu'), set('lowestOne', f32.zero())),
        ...set('lowest', f32x4.splat(get('lowestOne'))),
        ...set('aSkip', i32.subtract(get('aSegment'), i32.multiply(get('steps'), get('aStep')))),
        ...set(
          'panelBytes',
          i32.multiply(i32.multiply(get('segments'), get('steps')), i32.constant(panelRowBytes)),
        ),
        ...set('leftBytes', i32.multiply(get('columns'), i32.constant(floatBytes))),
        ...set('column', i32.constant(0)),
        ...loopWhile(i32.isLess(i32.constant(0), get('leftBytes')), [
          ...overRows,
          ...increase('panel', get('panelBytes')),
          ...increase('column', i32.constant(panelRowBytes)),
          ...increase('leftBytes', i32.constant(-panelRowBytes)),
        ]),
      ];
    },
  );
}

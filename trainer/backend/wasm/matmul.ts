/**
 * The two dense loops under every gradient kernel, as wasm code: a product of two stretches of
 * rows (Aᵀ·B) and a plain one (A·B), both adding to C. Strides are in bytes, columns lie side by
 * side, so rows may overlap (the taps of a convolution) or lie apart (its strides).
 * Results are kept in registers in blocks of up to 4 rows and 8 columns: 8 of the 16 vector
 * registers of x86-64 for sums, the rest for operands.
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

const maxRows = 4;
const vectorLanes = 4;
const vectorBytes = 16;
const floatBytes = 4;

/** How many columns a block holds: two vectors, one, or a single number for the rest. */
type Width = 8 | 4 | 1;
const widths: readonly Width[] = [8, 4, 1];

interface Lane {
  readonly type: ValueType;
  readonly offset: number;
  readonly suffix: string;
}

function lanesOf(width: Width): readonly Lane[] {
  if (width === 1) return [{ type: 'f32', offset: 0, suffix: 'S' }];
  return Array.from({ length: width / vectorLanes }, (_, index) => ({
    type: 'v128',
    offset: index * vectorBytes,
    suffix: String(index),
  }));
}

function instructionsOf(type: ValueType): {
  load: typeof f32.load;
  loadSplat: typeof f32.load;
  store: typeof f32.store;
  add: typeof f32.add;
  multiply: typeof f32.multiply;
  zero: typeof f32.zero;
} {
  return type === 'f32'
    ? { ...f32, loadSplat: f32.load }
    : { ...f32x4, load: v128.load, store: v128.store, zero: v128.zero };
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function blockLocals(): Record<string, ValueType> {
  const locals: Record<string, ValueType> = {};
  for (const width of widths) {
    for (const { type, suffix } of lanesOf(width)) {
      locals[`b${suffix}`] = type;
      for (const row of upTo(maxRows)) locals[`sum${row}${suffix}`] = type;
      locals[`a${type}`] = type;
    }
  }
  return locals;
}

/**
 * Runs `multiply` on sums of zero and adds them to C. Starting from C instead would round every
 * product to C's magnitude: a gradient is built from one product per image.
 */
function withSums(frame: Frame, rows: number, width: Width, multiply: Code): Code {
  const { get, set } = frame;
  const addresses = [
    ...set('c0', i32.add(get('c'), i32.add(i32.multiply(get('row'), get('cRow')), get('column')))),
    ...upTo(rows - 1).flatMap((row) => set(`c${row + 1}`, i32.add(get(`c${row}`), get('cRow')))),
  ];
  const each = (action: (row: number, lane: Lane) => Code): Code =>
    upTo(rows).flatMap((row) => lanesOf(width).flatMap((lane) => action(row, lane)));
  return [
    ...addresses,
    ...each((row, { type, suffix }) => set(`sum${row}${suffix}`, instructionsOf(type).zero())),
    ...multiply,
    ...each((row, { type, suffix, offset }) => {
      const { add, load, store } = instructionsOf(type);
      const address = get(`c${row}`);
      return store(address, add(load(address, offset), get(`sum${row}${suffix}`)), offset);
    }),
  ];
}

/** sum[row][lane] += a(row) * b[lane], with b at the address in `bAt`. */
function multiplyAdd(
  frame: Frame,
  rows: number,
  width: Width,
  aAt: (row: number) => [Code, number],
): Code {
  const { get, set } = frame;
  const lanes = lanesOf(width);
  return [
    ...lanes.flatMap(({ type, suffix, offset }) =>
      set(`b${suffix}`, instructionsOf(type).load(get('bAt'), offset)),
    ),
    ...upTo(rows).flatMap((row) => {
      const type = lanes[0]!.type;
      const { loadSplat, add, multiply } = instructionsOf(type);
      return [
        ...set(`a${type}`, loadSplat(...aAt(row))),
        ...lanes.flatMap(({ suffix }) =>
          set(
            `sum${row}${suffix}`,
            add(get(`sum${row}${suffix}`), multiply(get(`a${type}`), get(`b${suffix}`))),
          ),
        ),
      ];
    }),
  ];
}

/** Covers C's `rows` x `columns` with blocks: as many of 4 rows as fit, then one for the rest. */
function overBlocks(frame: Frame, block: (rows: number, width: Width) => Code): Code {
  const { get, set, increase } = frame;
  const overColumns = (rows: number): Code => [
    ...set('column', i32.constant(0)),
    ...widths.flatMap((width) => {
      const bytes = i32.constant(width * floatBytes);
      const fits = i32.isGreaterOrEqual(get('columnBytes'), i32.add(get('column'), bytes));
      return loopWhile(fits, [...block(rows, width), ...increase('column', bytes)]);
    }),
  ];
  return [
    ...set('columnBytes', i32.multiply(get('columns'), i32.constant(floatBytes))),
    ...set('row', i32.constant(0)),
    ...loopWhile(i32.isGreaterOrEqual(get('rows'), i32.add(get('row'), i32.constant(maxRows))), [
      ...overColumns(maxRows),
      ...increase('row', i32.constant(maxRows)),
    ]),
    ...[3, 2, 1].flatMap((rest) =>
      when(
        i32.isEqual(i32.subtract(get('rows'), get('row')), i32.constant(rest)),
        overColumns(rest),
      ),
    ),
  ];
}

const sharedLocals: Readonly<Record<string, ValueType>> = {
  ...{ row: 'i32', column: 'i32', columnBytes: 'i32', left: 'i32', bAt: 'i32' },
  ...Object.fromEntries(upTo(maxRows).map((row) => [`c${row}`, 'i32'])),
  ...blockLocals(),
};

/**
 * C[rows, columns] += Σ over `lines` and `steps` of A[line, step, rows]ᵀ · B[line, step, columns]:
 * the sum over two nested runs, as the pixels of an image have (lines apart from each other).
 */
export const matmulTransposed: WasmFunction = defineFunction(
  'matmulTransposed',
  ['rows', 'columns', 'lines', 'steps', 'a', 'aLine', 'aStep', 'b', 'bLine', 'bStep', 'c', 'cRow'],
  { ...sharedLocals, line: 'i32', aAt: 'i32', aStart: 'i32', bStart: 'i32' },
  (frame) => {
    const { get, set, increase } = frame;
    const block = (rows: number, width: Width): Code => {
      const steps = loopUntilZero(get('left'), [
        ...multiplyAdd(frame, rows, width, (row) => [get('aAt'), row * floatBytes]),
        ...increase('aAt', get('aStep')),
        ...increase('bAt', get('bStep')),
        ...increase('left', i32.constant(-1)),
      ]);
      const lines = loopUntilZero(get('line'), [
        ...set('aAt', get('aStart')),
        ...set('bAt', get('bStart')),
        ...set('left', get('steps')),
        ...steps,
        ...increase('aStart', get('aLine')),
        ...increase('bStart', get('bLine')),
        ...increase('line', i32.constant(-1)),
      ]);
      return [
        ...set('aStart', i32.add(get('a'), i32.multiply(get('row'), i32.constant(floatBytes)))),
        ...set('bStart', i32.add(get('b'), get('column'))),
        ...set('line', get('lines')),
        ...withSums(frame, rows, width, lines),
      ];
    };
    return overBlocks(frame, block);
  },
);

/** C[rows, columns] += A[rows, steps] · B[steps, columns]. */
export const matmul: WasmFunction = defineFunction(
  'matmul',
  ['rows', 'columns', 'steps', 'a', 'aRow', 'b', 'bRow', 'c', 'cRow'],
  { ...sharedLocals, ...Object.fromEntries(upTo(maxRows).map((row) => [`a${row}At`, 'i32'])) },
  (frame) => {
    const { get, set, increase } = frame;
    const block = (rows: number, width: Width): Code => [
      ...set('a0At', i32.add(get('a'), i32.multiply(get('row'), get('aRow')))),
      ...upTo(rows - 1).flatMap((row) =>
        set(`a${row + 1}At`, i32.add(get(`a${row}At`), get('aRow'))),
      ),
      ...set('bAt', i32.add(get('b'), get('column'))),
      ...set('left', get('steps')),
      ...withSums(
        frame,
        rows,
        width,
        loopUntilZero(get('left'), [
          ...multiplyAdd(frame, rows, width, (row) => [get(`a${row}At`), 0]),
          ...upTo(rows).flatMap((row) => increase(`a${row}At`, i32.constant(floatBytes))),
          ...increase('bAt', get('bRow')),
          ...increase('left', i32.constant(-1)),
        ]),
      ),
    ];
    return overBlocks(frame, block);
  },
);

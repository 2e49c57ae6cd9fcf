/**
 * Layer normalization of rows, forward and backward, as wasm code: each row is in the first-level
 * cache while its sums are taken and used. Sums end in the first lane of a vector.
 */
import {
  defineFunction,
  loopUntilZero,
  loopWhile,
  type Code,
  type Frame,
  type WasmFunction,
} from './assembler.ts';
import { elementsAt, localsOf, widths, type Elements } from './element-loops.ts';
import { f32, f32x4, i32, v128 } from './instructions.ts';

const { add, subtract, multiply, divide, squareRoot } = f32x4;
const floatBytes = 4;

/** Runs `body` along the columns; arrays of the current row are loaded by the name of their pointer. */
function overColumns(frame: Frame, body: (elements: Elements) => Code): Code {
  const { get, set, increase } = frame;
  return [
    ...set('column', i32.constant(0)),
    ...widths.flatMap((width) =>
      loopWhile(
        i32.isGreaterOrEqual(get('columnBytes'), i32.add(get('column'), i32.constant(width.bytes))),
        [
          ...body(elementsAt(frame, width, (array) => i32.add(get(array), get('column')))),
          ...increase('column', i32.constant(width.bytes)),
        ],
      ),
    ),
  ];
}

/** The sum of the four lanes of local `name`, divided by the columns, in all lanes of it. */
function meanOver({ get, set }: Frame, name: string): Code {
  const [one, two, three, four] = [0, 1, 2, 3].map((lane) => f32x4.lane(get(name), lane)) as [
    Code,
    Code,
    Code,
    Code,
  ];
  const sum = f32.add(f32.add(one, two), f32.add(three, four));
  return set(name, divide(f32x4.splat(sum), get('count')));
}

function overRows(
  { get, set, increase }: Frame,
  o: {
    readonly body: Code;
    readonly matrices: readonly string[];
    readonly perRow: readonly string[];
  },
): Code {
  return [
    ...set('columnBytes', i32.multiply(get('columns'), i32.constant(floatBytes))),
    ...set('count', f32x4.splat(f32.ofInteger(get('columns')))),
    ...loopUntilZero(get('rows'), [
      ...o.body,
      ...o.matrices.flatMap((matrix) => increase(matrix, get('columnBytes'))),
      ...o.perRow.flatMap((each) => increase(each, i32.constant(floatBytes))),
      ...increase('rows', i32.constant(-1)),
    ]),
  ];
}

const shared = { ...localsOf(['column', 'columnBytes'], 'i32'), ...localsOf(['count'], 'v128') };

/** y = (x - mean)·inverse·scale + offset; mean and inverse = 1 / √(variance + ε) of each row. */
export const normalizeRow: WasmFunction = defineFunction(
  'normalizeRow',
  ['rows', 'columns', 'x', 'scale', 'offset', 'y', 'mean', 'inverse', ['epsilon', 'f32']],
  { ...shared, ...localsOf(['total', 'squares', 'factor', 'difference'], 'v128') },
  (frame) => {
    const { get, set } = frame;
    const body = [
      ...set('total', v128.zero()),
      ...overColumns(frame, ({ load }) => set('total', add(get('total'), load('x')))),
      ...meanOver(frame, 'total'),
      ...set('squares', v128.zero()),
      ...overColumns(frame, ({ load, lanesOnly }) => [
        ...set('difference', lanesOnly(subtract(load('x'), get('total')))),
        ...set('squares', add(get('squares'), multiply(get('difference'), get('difference')))),
      ]),
      ...meanOver(frame, 'squares'),
      ...set(
        'factor',
        divide(f32x4.constant(1), squareRoot(add(get('squares'), f32x4.splat(get('epsilon'))))),
      ),
      ...v128.storeOne(get('mean'), get('total')),
      ...v128.storeOne(get('inverse'), get('factor')),
      ...overColumns(frame, ({ load, store }) =>
        store(
          'y',
          add(
            multiply(multiply(subtract(load('x'), get('total')), get('factor')), load('scale')),
            load('offset'),
          ),
        ),
      ),
    ];
    return overRows(frame, { body, matrices: ['x', 'y'], perRow: ['mean', 'inverse'] });
  },
);

/**
 * With n = (x - mean)·inverse and g = dy·scale: dx = (g - mean(g) - n·mean(g·n))·inverse; adds dy·n to
 * dScale and dy to dOffset.
 */
export const normalizeRowGradient: WasmFunction = defineFunction(
  'normalizeRowGradient',
  [...['rows', 'columns', 'dy', 'x', 'scale', 'mean', 'inverse'], ...['dx', 'dScale', 'dOffset']],
  {
    ...shared,
    ...localsOf(['shift', 'factor', 'normal', 'gradient', 'total', 'product'], 'v128'),
  },
  (frame) => {
    const { get, set } = frame;
    const readRow = ({ load }: Elements): Code => [
      ...set('normal', multiply(subtract(load('x'), get('shift')), get('factor'))),
      ...set('gradient', load('dy')),
    ];
    const body = [
      ...set('shift', f32x4.loadSplat(get('mean'))),
      ...set('factor', f32x4.loadSplat(get('inverse'))),
      ...set('total', v128.zero()),
      ...set('product', v128.zero()),
      ...overColumns(frame, (elements) => {
        const { load, store } = elements;
        return [
          ...readRow(elements),
          ...store('dOffset', add(load('dOffset'), get('gradient'))),
          ...store('dScale', add(load('dScale'), multiply(get('gradient'), get('normal')))),
          // In a single number's vector the other lanes of dy are zero, and so are these.
          ...set('gradient', multiply(get('gradient'), load('scale'))),
          ...set('total', add(get('total'), get('gradient'))),
          ...set('product', add(get('product'), multiply(get('gradient'), get('normal')))),
        ];
      }),
      ...meanOver(frame, 'total'),
      ...meanOver(frame, 'product'),
      ...overColumns(frame, (elements) => [
        ...readRow(elements),
        ...set('gradient', multiply(get('gradient'), elements.load('scale'))),
        ...elements.store(
          'dx',
          multiply(
            subtract(
              subtract(get('gradient'), get('total')),
              multiply(get('normal'), get('product')),
            ),
            get('factor'),
          ),
        ),
      ]),
    ];
    return overRows(frame, {
      ...{ body, matrices: ['dy', 'x', 'dx'], perRow: ['mean', 'inverse'] },
    });
  },
);

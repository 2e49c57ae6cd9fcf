/** The loops of biases and activations, as wasm code. */
import type { WasmFunction } from './assembler.ts';
import { defineFlatLoop, defineRowLoop } from './element-loops.ts';
import { f32x4, v128 } from './instructions.ts';

/** y = x + row, for every row of x. */
export const addRow: WasmFunction = defineRowLoop(
  'addRow',
  { matrices: ['x', 'y'], columns: ['bias'] },
  ({ get, load, store }) => store('y', f32x4.add(load('x'), get('bias'))),
);

/** total += Σ over the rows of x. */
export const sumOfRows: WasmFunction = defineRowLoop(
  'sumOfRows',
  { matrices: ['x'], sums: ['total'] },
  ({ get, set, load }) => set('total', f32x4.add(get('total'), load('x'))),
);

/** dx = dy where y is greater than 0, else 0. */
export const reluGradientLoop: WasmFunction = defineFlatLoop(
  'reluGradientLoop',
  { arrays: ['dy', 'y', 'dx'] },
  ({ load, store }) => store('dx', v128.and(load('dy'), f32x4.isGreater(load('y'), v128.zero()))),
);

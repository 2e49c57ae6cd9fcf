/**
 * The loops of batch normalization in training, as wasm code, on a matrix whose columns are the
 * channels. Statistics are taken of strips of rows that stay in the cache and put together by the
 * caller.
 */
import { defineRowLoop } from './element-loops.ts';
import { f32x4 } from './instructions.ts';
import type { WasmFunction } from './assembler.ts';

/** total += Σ (x - shift), squares += Σ (x - shift)². */
export const shiftedMoments: WasmFunction = defineRowLoop(
  'shiftedMoments',
  {
    ...{ matrices: ['x'], columns: ['shift'] },
    ...{ sums: ['total', 'squares'], values: ['difference'] },
  },
  ({ get, set, load }) => [
    ...set('difference', f32x4.subtract(load('x'), get('shift'))),
    ...set('total', f32x4.add(get('total'), get('difference'))),
    ...set(
      'squares',
      f32x4.add(get('squares'), f32x4.multiply(get('difference'), get('difference'))),
    ),
  ],
);

/** total += Σ dy, product += Σ dy·(x - mean). */
export const gradientSums: WasmFunction = defineRowLoop(
  'gradientSums',
  { matrices: ['dy', 'x'], columns: ['mean'], sums: ['total', 'product'], values: ['gradient'] },
  ({ get, set, load }) => [
    ...set('gradient', load('dy')),
    ...set('total', f32x4.add(get('total'), get('gradient'))),
    ...set(
      'product',
      f32x4.add(
        get('product'),
        f32x4.multiply(get('gradient'), f32x4.subtract(load('x'), get('mean'))),
      ),
    ),
  ],
);

/** y = (x - mean)·factor + offset. */
export const normalizeColumns: WasmFunction = defineRowLoop(
  'normalizeColumns',
  { matrices: ['x', 'y'], columns: ['mean', 'factor', 'offset'] },
  ({ get, load, store }) =>
    store(
      'y',
      f32x4.add(
        f32x4.multiply(f32x4.subtract(load('x'), get('mean')), get('factor')),
        get('offset'),
      ),
    ),
);

/** dx = dy·factor + (x - mean)·slope + offset. */
export const normalizedGradient: WasmFunction = defineRowLoop(
  'normalizedGradient',
  { matrices: ['dy', 'x', 'dx'], columns: ['mean', 'factor', 'slope', 'offset'] },
  ({ get, load, store }) =>
    store(
      'dx',
      f32x4.add(
        f32x4.add(
          f32x4.multiply(load('dy'), get('factor')),
          f32x4.multiply(f32x4.subtract(load('x'), get('mean')), get('slope')),
        ),
        get('offset'),
      ),
    ),
);

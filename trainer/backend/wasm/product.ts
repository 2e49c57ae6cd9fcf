/**
 * Products of matrices in the wasm memory: prepares tables and panels for the product loop and
 * takes large left sides piece by piece, so that a piece stays in the cache while B passes by.
 */
import { floatBytes, type Heap } from './heap.ts';
import { panelFloats } from './panels.ts';
import type { KernelContext } from './wasm-kernel.ts';

/** Half of a second-level cache of 512 KiB, which the smallest of today's processors have. */
const pieceBytes = 256 * 1024;
/** The product loop works on blocks of as many rows. */
const blockRows = 4;

/** How the finished sums become C. */
export interface Finish {
  /** Address of a row to add; 0 or absent: none. */
  readonly bias?: number;
  /** Address of numbers to add that lie like C, C's own among them; not together with a bias. */
  readonly added?: number;
  readonly isRelu?: boolean;
}

/** Strides in bytes; `isTransposed`: the memory holds B's columns one after another. */
export interface DenseProduct extends Pick<Finish, 'bias' | 'isRelu'> {
  readonly rows: number;
  readonly columns: number;
  readonly steps: number;
  readonly a: { readonly address: number; readonly row: number; readonly step: number };
  readonly b: { readonly address: number; readonly row: number; readonly isTransposed: boolean };
  readonly c: { readonly address: number; readonly row: number };
}

/** Runs `work` with the address of a table of `count` byte offsets. */
export function withOffsets<T>(
  heap: Heap,
  count: number,
  o: { readonly offsetOf: (row: number) => number; readonly work: (table: number) => T },
): T {
  return heap.withScratch(count, (table) => {
    const integers = heap.integers();
    for (let row = 0; row < count; row++) integers[table / floatBytes + row] = o.offsetOf(row);
    return o.work(table);
  });
}

/** Runs `work` with B cut into panels. */
export function withPanels<T>(
  { heap, loops }: KernelContext,
  size: { readonly rows: number; readonly columns: number },
  b: DenseProduct['b'],
  work: (panels: number) => T,
): T {
  const { rows, columns } = size;
  return heap.withScratch(panelFloats(rows, columns), (panels) => {
    const cut = b.isTransposed ? loops.panelsOfColumns : loops.panelsOfRows;
    cut(rows, columns, b.address, b.row, panels, panelFloats(rows, 1) * floatBytes);
    return work(panels);
  });
}

/** What one call of the product loop needs besides A, B and C. */
export interface ProductCall {
  readonly rows: number;
  readonly columns: number;
  readonly segments: number;
  readonly steps: number;
  readonly aTable: number;
  readonly a: { readonly address: number; readonly segment: number; readonly step: number };
  readonly panels: number;
  readonly cTable: number;
  readonly c: number;
}

export function callProduct({ heap, loops }: KernelContext, o: ProductCall & Finish): void {
  const { added } = o;
  loops.product(
    ...[o.rows, o.columns, o.segments, o.steps],
    ...[o.aTable, o.a.address, o.a.segment, o.a.step],
    ...[o.panels, added ?? o.bias ?? 0, Number(added !== undefined)],
    ...[o.cTable, o.c, heap.tile, Number(o.isRelu === true)],
  );
}

/** C = A·B, then as `Finish` says; all sizes at least 1. */
export function multiplyDense(context: KernelContext, o: DenseProduct): void {
  const { heap } = context;
  const fitting = Math.floor(pieceBytes / (o.steps * floatBytes * blockRows)) * blockRows;
  const piece = Math.min(o.rows, Math.max(fitting, blockRows));
  const run = (panels: number, aTable: number, cTable: number): void => {
    for (let first = 0; first < o.rows; first += piece) {
      callProduct(context, {
        ...{ ...o, segments: 1, aTable, cTable, panels },
        rows: Math.min(piece, o.rows - first),
        a: { ...o.a, address: o.a.address + first * o.a.row, segment: 0 },
        c: o.c.address + first * o.c.row,
      });
    }
  };
  withPanels(context, { rows: o.steps, columns: o.columns }, o.b, (panels) => {
    withOffsets(heap, piece, {
      offsetOf: (row) => row * o.a.row,
      work: (aTable) => {
        withOffsets(heap, piece, {
          offsetOf: (row) => row * o.c.row,
          work: (cTable) => run(panels, aTable, cTable),
        });
      },
    });
  });
}

/** Products of matrices in the wasm memory: tables, panels and calls of the product loop. */
import { floatBytes, type Heap } from './heap.ts';
import { panelFloats } from './panels.ts';
import type { KernelContext } from './wasm-kernel.ts';

/** How the finished sums become C. */
export interface Finish {
  /** Address of a row to add; 0 or absent: none. */
  readonly bias?: number;
  /** Address of numbers to add that lie like C, C's own among them; not together with a bias. */
  readonly added?: number;
  readonly isRelu?: boolean;
}

/** A right side; `row`: bytes from one row in memory to the next. */
export interface RightSide {
  readonly address: number;
  readonly row: number;
  /** The memory holds B's columns one after another. */
  readonly isTransposed: boolean;
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
  b: RightSide,
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

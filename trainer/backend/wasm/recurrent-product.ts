/**
 * The products of matrices inside of a recurrence: the same right side and the same layout in each
 * time step, so panels and tables are made once.
 */
import { floatBytes } from './heap.ts';
import { callProduct, withOffsets, withPanels, type RightSide } from './product.ts';
import type { KernelContext } from './wasm-kernel.ts';

/** Adds what lies at `added` (in C's layout) where it is given. */
export type StepProduct = (a: number, c: number, added?: number) => void;

interface Layout {
  readonly rows: number;
  /** Numbers in a row of A of which `steps` are multiplied, and in a row of C. */
  readonly aWidth: number;
  readonly cWidth: number;
  readonly steps: number;
  readonly columns: number;
  readonly b: RightSide;
  /** Address of a row that is added in every step; then none is given to the product itself. */
  readonly bias?: number;
}

export function withStepProduct<T>(
  context: KernelContext,
  o: Layout,
  work: (multiply: StepProduct) => T,
): T {
  const { heap } = context;
  const { rows, steps, columns } = o;
  const table = (width: number, run: (address: number) => T): T =>
    withOffsets(heap, rows, { offsetOf: (row) => row * width * floatBytes, work: run });
  return withPanels(context, { rows: steps, columns }, o.b, (panels) =>
    table(o.aWidth, (aTable) =>
      table(o.cWidth, (cTable) =>
        work((a, c, added) => {
          callProduct(context, {
            ...{ rows, columns, steps, segments: 1, aTable, cTable, panels, c },
            a: { address: a, segment: 0, step: floatBytes },
            ...(added === undefined ? { bias: o.bias ?? 0 } : { added }),
          });
        }),
      ),
    ),
  );
}

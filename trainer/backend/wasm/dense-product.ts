/**
 * Products of dense matrices of one size, any number of them. Large left sides are taken piece by
 * piece, so that a piece stays in the second-level cache while B passes by; transposed ones are cut
 * into panels as well, a stretch of the sum at a time: read where they lie, their rows would fall
 * on the same few lines of the cache.
 */
import { floatBytes } from './heap.ts';
import { panelColumns, panelFloats } from './panels.ts';
import { callProduct, withOffsets, withPanels, type Finish } from './product.ts';
import type { KernelContext } from './wasm-kernel.ts';

/** Half of a second-level cache of 512 KiB, which the smallest of today's processors have. */
const pieceBytes = 256 * 1024;
/** The product loop works on blocks of as many rows. */
const blockRows = 4;
/** Steps of a stretch: a panel of 8 KiB. */
const stretchSteps = 256;

export interface DenseLayout extends Pick<Finish, 'bias' | 'isRelu'> {
  /** All at least 1. */
  readonly rows: number;
  readonly columns: number;
  readonly steps: number;
  /** A is [steps, rows] in memory. */
  readonly transposeA: boolean;
  /** B is [columns, steps] in memory. */
  readonly transposeB: boolean;
}

/** C = A·B, then as the layout says; addresses of dense matrices. */
export type MultiplyDense = (a: number, b: number, c: number) => void;

interface Buffers {
  readonly aTable: number;
  readonly cTable: number;
  /** Room for a stretch of a transposed A in panels. */
  readonly aPanels: number;
  readonly piece: number;
}

export function withDenseProduct<T>(
  context: KernelContext,
  layout: DenseLayout,
  work: (multiply: MultiplyDense) => T,
): T {
  const { heap } = context;
  const { rows, columns, steps, transposeA } = layout;
  const stretch = transposeA ? Math.min(steps, stretchSteps) : steps;
  const fitting = Math.floor(pieceBytes / (stretch * floatBytes * panelColumns)) * panelColumns;
  const piece = Math.min(rows, Math.max(fitting, panelColumns));
  const panelBytes = panelFloats(stretch, 1) * floatBytes;
  const aOffset = transposeA
    ? (row: number): number =>
        Math.floor(row / panelColumns) * panelBytes + (row % panelColumns) * floatBytes
    : (row: number): number => row * steps * floatBytes;
  const table = (offsetOf: (row: number) => number, run: (address: number) => T): T =>
    withOffsets(heap, piece, { offsetOf, work: run });
  return heap.withScratch(transposeA ? panelFloats(stretch, rows) : blockRows, (aPanels) =>
    table(aOffset, (aTable) =>
      table(
        (row) => row * columns * floatBytes,
        (cTable) => {
          const buffers = { aTable, cTable, aPanels, piece };
          const multiply = transposeA ? multiplyStretches : multiplyWhole;
          return work((a, b, c) => {
            multiply(context, layout, buffers, { a, b, c });
          });
        },
      ),
    ),
  );
}

type Addresses = Readonly<Record<'a' | 'b' | 'c', number>>;
type Multiply = (
  context: KernelContext,
  layout: DenseLayout,
  buffers: Buffers,
  at: Addresses,
) => void;

const multiplyWhole: Multiply = (context, layout, buffers, { a, b, c }) => {
  const { rows, columns, steps, transposeB, bias = 0, isRelu = false } = layout;
  const right = { address: b, row: (transposeB ? steps : columns) * floatBytes };
  withPanels(
    context,
    { rows: steps, columns },
    { ...right, isTransposed: transposeB },
    (panels) => {
      for (let first = 0; first < rows; first += buffers.piece) {
        callProduct(context, {
          ...{ ...buffers, columns, steps, segments: 1, panels, bias, isRelu },
          rows: Math.min(buffers.piece, rows - first),
          a: { address: a + first * steps * floatBytes, segment: 0, step: floatBytes },
          c: c + first * columns * floatBytes,
        });
      }
    },
  );
};

/** The first stretch brings the bias, the others add, the last one ends with relu. */
const multiplyStretches: Multiply = (context, layout, buffers, { a, b, c }) => {
  const { rows, columns, steps, transposeB, bias = 0, isRelu = false } = layout;
  const panelBytes = panelFloats(Math.min(steps, stretchSteps), 1) * floatBytes;
  const { loops } = context;
  for (let start = 0; start < steps; start += stretchSteps) {
    const count = Math.min(stretchSteps, steps - start);
    const aStart = a + start * rows * floatBytes;
    loops.panelsOfRows(count, rows, aStart, rows * floatBytes, buffers.aPanels, panelBytes);
    const right = transposeB
      ? { address: b + start * floatBytes, row: steps * floatBytes }
      : { address: b + start * columns * floatBytes, row: columns * floatBytes };
    const isLast = start + count === steps;
    withPanels(
      context,
      { rows: count, columns },
      { ...right, isTransposed: transposeB },
      (panels) => {
        for (let first = 0; first < rows; first += buffers.piece) {
          const cAt = c + first * columns * floatBytes;
          callProduct(context, {
            ...{ ...buffers, columns, steps: count, segments: 1, panels, c: cAt },
            ...(start === 0 ? { bias } : { added: cAt }),
            rows: Math.min(buffers.piece, rows - first),
            isRelu: isRelu && isLast,
            a: {
              address: buffers.aPanels + (first / panelColumns) * panelBytes,
              ...{ segment: 0, step: panelColumns * floatBytes },
            },
          });
        }
      },
    );
  }
};

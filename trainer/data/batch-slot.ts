/**
 * The memory layout of one batch: a ready flag, then x as float32, then y as int32 or float32.
 */
import type { BatchData } from './batch-assembly.ts';

/** A cache line, so that the flag shares none with the data. */
const HEADER_BYTES = 64;

/** float32 and int32. */
const ELEMENT_BYTES = 4;

export interface SlotViews {
  /** 1 where x and y are complete. */
  readonly ready: Int32Array;
  readonly x: Float32Array;
  readonly y: Int32Array | Float32Array;
}

type Layout = Pick<BatchData, 'labels' | 'labelWidth' | 'sampleShape'>;

export function slotBytes(layout: Layout, count: number): number {
  return HEADER_BYTES + count * (widthOf(layout) + layout.labelWidth) * ELEMENT_BYTES;
}

export function slotViews(memory: SharedArrayBuffer, layout: Layout, count: number): SlotViews {
  const floats = count * widthOf(layout);
  const yOffset = HEADER_BYTES + floats * ELEMENT_BYTES;
  const numbers = count * layout.labelWidth;
  const isClass = layout.labels instanceof Int32Array;
  return {
    ready: new Int32Array(memory, 0, 1),
    x: new Float32Array(memory, HEADER_BYTES, floats),
    y: isClass
      ? new Int32Array(memory, yOffset, numbers)
      : new Float32Array(memory, yOffset, numbers),
  };
}

function widthOf({ sampleShape }: Layout): number {
  return sampleShape.reduce((product, size) => product * size, 1);
}

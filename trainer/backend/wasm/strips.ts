/** Large matrices strip by strip: as many rows as stay in the first-level cache between loops. */
import { floatBytes } from './heap.ts';

/** Half of a first-level cache of 32 KiB. */
const stripBytes = 16 * 1024;

/** @param work gets the first row, as a byte offset, and the number of rows */
export function inStrips(
  size: { readonly rows: number; readonly columns: number },
  work: (offset: number, rows: number) => void,
): void {
  const rowBytes = size.columns * floatBytes;
  const strip = Math.max(1, Math.floor(stripBytes / rowBytes));
  for (let first = 0; first < size.rows; first += strip) {
    work(first * rowBytes, Math.min(strip, size.rows - first));
  }
}

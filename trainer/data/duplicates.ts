/**
 * Finds rows with the same features, by hash and then by comparing the bytes, so that no two
 * different rows are ever taken for the same. Test rows come before validation and training rows:
 * of a sample that is in several sources, the one that must not be trained on stays.
 */
import { mixWord } from './random.ts';
import type { Part } from './source.ts';
import type { Table } from './table.ts';

const ORDER: readonly Part[] = ['test', 'validation', 'train'];

/** Slots per row of the hash table: half empty, so that probes stay short. */
const SLOTS_PER_ROW = 2;

export interface Duplicate {
  readonly row: number;
  readonly first: number;
}

/** @param ignored 1 for rows that are out already. */
export function* findDuplicates(table: Table, ignored: Uint8Array): Generator<Duplicate> {
  const words = wordsOf(table);
  const width = words.length / Math.max(1, table.rows);
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, table.rows) * SLOTS_PER_ROW));
  const slots = new Int32Array(size).fill(-1);
  for (const row of rowsInOrder(table)) {
    if (ignored[row]) continue;
    let slot = hashOf(words, row * width, width) & (size - 1);
    while (slots[slot]! >= 0 && !isSame(words, slots[slot]! * width, row * width, width)) {
      slot = (slot + 1) & (size - 1);
    }
    if (slots[slot]! < 0) slots[slot] = row;
    else yield { row, first: slots[slot]! };
  }
}

/** The features in the widest words that divide a row: fewer steps for hash and comparison. */
function wordsOf({ features, width }: Table): Uint8Array | Uint32Array {
  const { buffer, byteOffset, byteLength } = features;
  const rowBytes = width * features.BYTES_PER_ELEMENT;
  return rowBytes % 4 === 0 && byteOffset % 4 === 0
    ? new Uint32Array(buffer, byteOffset, byteLength / 4)
    : new Uint8Array(buffer, byteOffset, byteLength);
}

function* rowsInOrder({ parts }: Table): Generator<number> {
  const starts = parts.map((_, at) => parts.slice(0, at).reduce((sum, { rows }) => sum + rows, 0));
  for (const wanted of ORDER) {
    const at = parts.findIndex(({ part }) => part === wanted);
    if (at < 0) continue;
    const start = starts[at]!;
    for (let row = start; row < start + parts[at]!.rows; row++) yield row;
  }
}

function hashOf(words: Uint8Array | Uint32Array, start: number, length: number): number {
  let hash = length;
  for (let at = start; at < start + length; at++) {
    hash = Math.imul(hash ^ words[at]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return mixWord(hash);
}

function isSame(words: Uint8Array | Uint32Array, a: number, b: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (words[a + at] !== words[b + at]) return false;
  return true;
}

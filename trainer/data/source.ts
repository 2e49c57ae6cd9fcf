/**
 * What every reader gives, whatever the format: rows of numbers with raw labels, and words for the
 * place of each row and element, so that later faults can still name file, row and column.
 */
import type { DatasetConfig, SourceConfig } from '@tfjs-operator/api/run-config.ts';
import type { Cleaner } from './cleaning-rules.ts';
import type { DataFile } from './data-file.ts';

export type Part = 'train' | 'validation' | 'test';

/** Labels as the files hold them: numbers (width per row), or one text per row. */
export type RawLabels =
  | { readonly kind: 'numbers'; readonly width: number; readonly values: Float64Array }
  | { readonly kind: 'text'; readonly values: readonly string[] };

export interface Source {
  /** [rows, ...sampleShape], row-major. */
  readonly features: Uint8Array | Float32Array;
  readonly rows: number;
  readonly sampleShape: readonly number[];
  readonly labels: RawLabels;
  /** Where a row, or an element of it, stands: `file, row 3, column "age"`. */
  readonly place: (row: number, element?: number) => string;
  readonly labelPlace: (row: number) => string;
}

export interface ReadRequest {
  readonly config: DatasetConfig;
  /** Where dataset.uri lies on this machine. */
  readonly root: DataFile;
  readonly source: SourceConfig;
  readonly part: Part;
  readonly cleaner: Cleaner;
  readonly signal: AbortSignal | undefined;
}

/** `row 3, column [1, 2]`, counted from 0 as numpy does, for arrays without names. */
export function arrayPlace(
  file: string,
  sampleShape: readonly number[],
): (row: number, element?: number) => string {
  return (row, element) => {
    if (element === undefined) return `${file}, row ${row} (counted from 0)`;
    const index: number[] = [];
    let rest = element;
    for (const size of sampleShape.toReversed()) {
      index.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    const column = index.length === 1 ? String(index[0]) : `[${index.join(', ')}]`;
    return `${file}, row ${row}, column ${column} (counted from 0)`;
  };
}

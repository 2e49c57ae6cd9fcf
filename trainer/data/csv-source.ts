/**
 * CSV (RFC 4180, UTF-8, comma, header line): chosen columns become float32 features, one column the
 * label. Empty cells are the fault `missing`, ragged rows and cells that are no finite number are
 * `unreadable`; each names file, line and column.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parse, CsvError } from 'csv-parse';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { fileBelow, unreadable, type DataFile } from './data-file.ts';
import { FloatRows } from './float-rows.ts';
import type { ReadRequest, Source } from './source.ts';

/** Cells that stand for "no value", besides the empty one (pandas reads the same). */
const MISSING = new Set(['', 'na', 'n/a', 'nan', 'null']);

/** One cell may have at most this many bytes: a lost quote must not swallow the whole file. */
const MAX_RECORD_BYTES = 2 ** 24;

/** A decimal number as JSON, Python and spreadsheets write it; not hexadecimal, not "Infinity". */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Column names that a message shows. */
const SHOWN_COLUMNS = 12;

interface Columns {
  readonly names: readonly string[];
  readonly features: readonly number[];
  readonly label: number;
}

interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** @throws Failure DataError for a malformed file, BadConfig for a column that is not there. */
export async function readCsvSource(request: ReadRequest): Promise<Source> {
  const file = fileBelow(request.root, request.source.features);
  const table = new CsvTable(request, file);
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    trim: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  try {
    await pipeline(
      createReadStream(file.path),
      parser,
      async (rows: AsyncIterable<Row>) => {
        for await (const row of rows) table.add(row);
      },
      request.signal ? { signal: request.signal } : {},
    );
  } catch (cause) {
    request.signal?.throwIfAborted();
    throw await failureOf(cause, file);
  }
  return table.source();
}

/** Gathers the rows that are whole; the first row is the header. */
class CsvTable {
  readonly #request: ReadRequest;
  readonly #file: DataFile;
  readonly #labels: string[] = [];
  readonly #lines: number[] = [];
  #columns: Columns | undefined;
  #rows = new FloatRows(0);

  constructor(request: ReadRequest, file: DataFile) {
    this.#request = request;
    this.#file = file;
  }

  add({ record, info }: Row): void {
    if (this.#columns === undefined) {
      this.#columns = columnsOf(record, this.#request, this.#file);
      this.#rows = new FloatRows(this.#columns.features.length);
      return;
    }
    const label = this.#read(record, info.lines, this.#columns);
    if (label === undefined) return;
    this.#rows.commit();
    this.#labels.push(label);
    this.#lines.push(info.lines);
  }

  source(): Source {
    const columns = this.#columns;
    if (columns === undefined) {
      throw new Failure(
        'DataError',
        `${this.#file.name} is empty; it needs a header line and rows.`,
      );
    }
    const { names, features, label } = columns;
    const at = (row: number): string => `${this.#file.name}, row ${this.#lines[row] ?? row}`;
    return {
      features: this.#rows.values(),
      rows: this.#labels.length,
      sampleShape: [features.length],
      labels: { kind: 'text', values: this.#labels },
      place: (row, element) =>
        element === undefined ? at(row) : `${at(row)}, column "${names[features[element] ?? -1]}"`,
      labelPlace: (row) => `${at(row)}, column "${names[label]}"`,
    };
  }

  /** Fills the pending row; undefined where a rule dropped it. */
  #read(record: readonly string[], line: number, columns: Columns): string | undefined {
    const { cleaner } = this.#request;
    const { names, features, label } = columns;
    const at = `${this.#file.name}, row ${line}`;
    if (record.length !== names.length) {
      cleaner.reject(
        'unreadable',
        `${at} has ${record.length} cells where the header has ${names.length} columns`,
      );
      return undefined;
    }
    for (const [to, column] of features.entries()) {
      const cell = record[column] ?? '';
      const value = NUMBER.test(cell) ? Number(cell) : NaN;
      if (!Number.isFinite(Math.fround(value))) {
        this.#rejectCell(cell, `${at}, column "${names[column]}"`);
        return undefined;
      }
      this.#rows.set(to, value);
    }
    const text = record[label] ?? '';
    if (this.#isLabel(text)) return text;
    this.#rejectCell(text, `${at}, column "${names[label]}"`);
    return undefined;
  }

  #isLabel(text: string): boolean {
    const { type, mapping } = this.#request.config.labels;
    if (MISSING.has(text.toLowerCase())) return false;
    return type === 'class' || mapping?.[text] !== undefined || NUMBER.test(text);
  }

  #rejectCell(cell: string, place: string): void {
    if (MISSING.has(cell.toLowerCase())) {
      this.#request.cleaner.reject('missing', `${place}: the cell has no value`);
    } else {
      const what = NUMBER.test(cell) ? 'is beyond the range of float32' : 'is not a number';
      this.#request.cleaner.reject('unreadable', `${place}: "${cell}" ${what}`);
    }
  }
}

function columnsOf(names: readonly string[], request: ReadRequest, file: DataFile): Columns {
  const { features, labels } = request.config;
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new Failure(
      'DataError',
      `${file.name}, row 1 names the column "${twice}" twice; rename one.`,
    );
  }
  if (labels.column === undefined) {
    throw new Failure(
      'BadConfig',
      `dataset.labels.column is not set; with format csv it names the label's column of ${file.name}: ${listed(names)}.`,
    );
  }
  const find = (name: string, field: string): number => {
    const at = names.indexOf(name);
    if (at >= 0) return at;
    throw new Failure(
      'DataError',
      `${file.name}, row 1 has no column "${name}", which ${field} names; it has ${listed(names)}.`,
    );
  };
  const label = find(labels.column, 'dataset.labels.column');
  const chosen =
    features.columns?.map((name) => find(name, 'dataset.features.columns')) ??
    names.map((_, at) => at).filter((at) => at !== label);
  if (chosen.length === 0) {
    throw new Failure('DataError', `${file.name} has no column besides the label; add features.`);
  }
  return { names, features: chosen, label };
}

function listed(names: readonly string[]): string {
  const more = names.length > SHOWN_COLUMNS ? ', …' : '';
  return names.slice(0, SHOWN_COLUMNS).join(', ') + more;
}

async function failureOf(cause: unknown, file: DataFile): Promise<Failure> {
  if (cause instanceof Failure) return cause;
  if (cause instanceof CsvError) {
    const { lines } = cause as unknown as { readonly lines?: number };
    return new Failure(
      'DataError',
      `${file.name}, row ${lines ?? '?'} breaks the rules of CSV (${cause.message}); correct the quotes of that row.`,
      { cause },
    );
  }
  return unreadable(file, cause);
}

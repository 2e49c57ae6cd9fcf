/**
 * All rows of all sources in one place: training source first, then the named validation and test
 * sources. Rows that cleaning rejects are closed up in place; where a row came from stays known.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import { elements } from '../numpy/numeric-array.ts';
import { sharedFloat32, sharedUint8 } from './shared-array.ts';
import type { Part, RawLabels, Source } from './source.ts';

export interface PartRows {
  readonly part: Part;
  readonly rows: number;
}

export interface Table {
  /** SharedArrayBuffer-backed, [rows, ...sampleShape]. */
  readonly features: Uint8Array | Float32Array;
  readonly rows: number;
  readonly sampleShape: readonly number[];
  /** Numbers per sample. */
  readonly width: number;
  readonly labels: RawLabels;
  /** Consecutive rows of each source. */
  readonly parts: readonly PartRows[];
  readonly place: (row: number, element?: number) => string;
  readonly labelPlace: (row: number) => string;
}

export interface NamedSource {
  readonly part: Part;
  readonly source: Source;
}

/**
 * @param shape dataset.features.shape: the shape of a sample where it is not as stored.
 * @throws Failure DataError where the sources differ in shape or the shape does not multiply out.
 */
export function tableOf(sources: readonly NamedSource[], shape?: readonly number[]): Table {
  const first = sources[0]?.source;
  if (first === undefined) throw new RangeError('A table needs a source.');
  const stored = first.sampleShape;
  const width = elements(stored);
  for (const { source } of sources) sameShape(first, source);
  if (shape !== undefined && elements(shape) !== width && first.rows > 0) {
    throw new Failure(
      'DataError',
      `dataset.features.shape [${shape.join(', ')}] has ${elements(shape)} numbers, but a sample of ${first.place(0)} has ${width} (${stored.join(' x ')}); give a shape that multiplies out to ${width}.`,
    );
  }
  if (width < 1 && first.rows > 0) {
    throw new Failure(
      'DataError',
      `A sample of ${first.place(0)} has shape ${stored.join(' x ')} and so no numbers; write the file again.`,
    );
  }
  const rows = sources.reduce((sum, { source }) => sum + source.rows, 0);
  const isBytes = sources.every(({ source }) => source.features instanceof Uint8Array);
  const features = isBytes ? sharedUint8(rows * width) : sharedFloat32(rows * width);
  let at = 0;
  for (const { source } of sources) {
    features.set(source.features, at);
    at += source.features.length;
  }
  return {
    features,
    rows,
    sampleShape: shape ?? stored,
    width,
    labels: joinedLabels(sources),
    parts: sources.map(({ part, source }) => ({ part, rows: source.rows })),
    place: (row, element) => locate(sources, row, (source, own) => source.place(own, element)),
    labelPlace: (row) => locate(sources, row, (source, own) => source.labelPlace(own)),
  };
}

/**
 * The table without the rejected rows; moves rows inside the same memory.
 * @param rejected 1 for each row that goes, else 0.
 */
export function withoutRows(table: Table, rejected: Uint8Array): Table {
  const dropped = rejected.reduce((count, flag) => count + flag, 0);
  if (dropped === 0) return table;
  const kept = new Uint32Array(table.rows - dropped);
  let next = 0;
  for (let row = 0; row < table.rows; row++) if (rejected[row] === 0) kept[next++] = row;
  const { width, features, labels } = table;
  for (const [to, from] of kept.entries()) {
    features.copyWithin(to * width, from * width, (from + 1) * width);
  }
  let start = 0;
  const parts = table.parts.map(({ part, rows }) => {
    const end = start + rows;
    const left = rejected.subarray(start, end).reduce((count, flag) => count + (flag ? 0 : 1), 0);
    start = end;
    return { part, rows: left };
  });
  return {
    ...table,
    features: features.subarray(0, kept.length * width),
    rows: kept.length,
    labels: keptLabels(labels, kept),
    parts,
    place: (row, element) => table.place(kept[row] ?? row, element),
    labelPlace: (row) => table.labelPlace(kept[row] ?? row),
  };
}

function sameShape(first: Source, other: Source): void {
  if (other.rows === 0 || first.rows === 0) return;
  const [a, b] = [first.sampleShape.join(' x '), other.sampleShape.join(' x ')];
  if (a === b && widthOf(first.labels) === widthOf(other.labels)) return;
  const [what, here, there] =
    a === b ? ['labels', widthOf(first.labels), widthOf(other.labels)] : ['samples', a, b];
  throw new Failure(
    'DataError',
    `The ${what} of ${other.place(0)} have shape ${there}, those of ${first.place(0)} ${here}; all sources of a data set need the same shape.`,
  );
}

function widthOf(labels: RawLabels): number {
  return labels.kind === 'text' ? 1 : labels.width;
}

function joinedLabels(sources: readonly NamedSource[]): RawLabels {
  const texts: string[] = [];
  const numbers: Float64Array[] = [];
  let width = 1;
  for (const { labels } of sources.map(({ source }) => source)) {
    if (labels.kind === 'text') for (const text of labels.values) texts.push(text);
    else {
      numbers.push(labels.values);
      width = labels.width;
    }
  }
  if (numbers.length === 0) return { kind: 'text', values: texts };
  const values = new Float64Array(numbers.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of numbers) {
    values.set(part, at);
    at += part.length;
  }
  return { kind: 'numbers', width, values };
}

function keptLabels(labels: RawLabels, kept: Uint32Array): RawLabels {
  if (labels.kind === 'text') {
    return { kind: 'text', values: Array.from(kept, (row) => labels.values[row] ?? '') };
  }
  const { width, values } = labels;
  const left = new Float64Array(kept.length * width);
  for (const [to, from] of kept.entries()) {
    left.set(values.subarray(from * width, (from + 1) * width), to * width);
  }
  return { kind: 'numbers', width, values: left };
}

function locate(
  sources: readonly NamedSource[],
  row: number,
  say: (source: Source, own: number) => string,
): string {
  let own = row;
  for (const { source } of sources) {
    if (own < source.rows) return say(source, own);
    own -= source.rows;
  }
  throw new RangeError(`The table has no row ${row}.`);
}

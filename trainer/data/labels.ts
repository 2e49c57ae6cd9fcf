/**
 * Turns raw labels into what the loss takes: class indices, or numbers. First dataset.labels.mapping
 * (raw label -> class name), then the place of the name in the class list.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { DatasetConfig } from '@tfjs-operator/api/run-config.ts';
import { sharedFloat32, sharedInt32 } from './shared-array.ts';
import type { Table } from './table.ts';

export interface Labels {
  /** SharedArrayBuffer-backed: class index per row, or [rows, width] numbers. */
  readonly values: Int32Array | Float32Array;
  readonly width: number;
  /** Empty for numbers. */
  readonly classNames: readonly string[];
}

type LabelConfig = DatasetConfig['labels'];

/** Class names that a message shows. */
const SHOWN_CLASSES = 12;

/** More classes than this are measurements that were meant as type number. */
const MAX_CLASSES = 65536;

const WHOLE_NUMBER = /^(0|[1-9]\d*)$/;

/** @throws Failure DataError naming file and row of a label that is unknown or no number. */
export function resolveLabels(table: Table, config: LabelConfig): Labels {
  return config.type === 'number' ? numbers(table, config) : classes(table, config);
}

function numbers(table: Table, { mapping }: LabelConfig): Labels {
  const { labels, rows } = table;
  if (labels.kind === 'numbers' && mapping === undefined) {
    const values = sharedFloat32(labels.values.length);
    values.set(labels.values);
    return { values, width: labels.width, classNames: [] };
  }
  const width = labels.kind === 'numbers' ? labels.width : 1;
  const values = sharedFloat32(rows * width);
  for (let at = 0; at < values.length; at++) {
    const raw = String(labels.values[at]);
    const text = mapping?.[raw] ?? raw;
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(Math.fround(value))) {
      throw new Failure(
        'DataError',
        `${table.labelPlace(Math.floor(at / width))}: the label "${text}" is not a number; correct it, or set dataset.labels.type to class.`,
      );
    }
    values[at] = value;
  }
  return { values, width, classNames: [] };
}

function classes(table: Table, config: LabelConfig): Labels {
  const { labels, rows } = table;
  if (labels.kind === 'numbers' && labels.width !== 1) {
    throw new Failure(
      'DataError',
      `The labels of ${table.labelPlace(0)} have ${labels.width} numbers per sample, but a class is one; store class indices (argmax of one-hot rows), or set dataset.labels.type to number.`,
    );
  }
  const found = distinct(table);
  const classNames = config.classes ?? classesFound(found, table, config);
  const indices = new Map<string | number, number>();
  for (const [raw, row] of found)
    indices.set(raw, classIndex(raw, classNames, config, table.labelPlace(row)));
  const values = sharedInt32(rows);
  for (let row = 0; row < rows; row++) values[row] = indices.get(labels.values[row]!)!;
  return { values, width: 1, classNames };
}

/** Each raw label with the first row that has it. */
function distinct({ labels, rows }: Table): Map<string | number, number> {
  const found = new Map<string | number, number>();
  for (let row = 0; row < rows; row++) {
    const raw = labels.values[row]!;
    if (!found.has(raw)) found.set(raw, row);
  }
  return found;
}

/** The class names in the data: numbers by value, texts by code unit. */
function classesFound(
  found: ReadonlyMap<string | number, number>,
  table: Table,
  { mapping }: LabelConfig,
): string[] {
  for (const [raw, row] of found) {
    if (typeof raw === 'string' || Number.isInteger(raw) || mapping?.[raw] !== undefined) continue;
    throw new Failure(
      'DataError',
      `${table.labelPlace(row)}: the label ${raw} is not a whole number and so no class; map it in dataset.labels.mapping, or set dataset.labels.type to number.`,
    );
  }
  const names = new Set([...found.keys()].map((raw) => mapping?.[raw] ?? String(raw)));
  if (names.size > MAX_CLASSES) {
    throw new Failure(
      'DataError',
      `The labels have ${names.size} different values, more than ${MAX_CLASSES} classes; set dataset.labels.type to number, or list dataset.labels.classes.`,
    );
  }
  const areNumbers = [...names].every((name) => String(Number(name)) === name);
  const sorted = [...names].sort();
  return areNumbers ? sorted.sort((a, b) => Number(a) - Number(b)) : sorted;
}

/**
 * A name of the list, or an index into it. The latter only where no class is itself named by a
 * number: with classes 1, 2, 3 the label 1 is the name and the label 0 an error, never an index.
 */
function classIndex(
  raw: string | number,
  classNames: readonly string[],
  { mapping }: LabelConfig,
  place: string,
): number {
  const mapped = mapping?.[raw];
  const name = mapped ?? String(raw);
  const index = classNames.indexOf(name);
  if (index >= 0) return index;
  const isIndex =
    mapped === undefined && WHOLE_NUMBER.test(name) && Number(name) < classNames.length;
  if (isIndex && !classNames.some((known) => WHOLE_NUMBER.test(known))) return Number(name);
  const shown = classNames.slice(0, SHOWN_CLASSES).join(', ');
  const from = mapped === undefined ? '' : ` (mapped from "${raw}")`;
  throw new Failure(
    'DataError',
    `${place}: the label "${name}"${from} is not one of the classes ${shown}${classNames.length > SHOWN_CLASSES ? ', …' : ''}; add it to dataset.labels.classes or dataset.labels.mapping.`,
  );
}

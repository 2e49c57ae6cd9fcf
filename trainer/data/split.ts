/**
 * Divides the rows into training, validation and test split: named sources go whole, fractions are
 * drawn from the training source, seeded and (on demand) stratified. The three are disjoint and
 * cover every row.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { DatasetConfig } from '@tfjs-operator/api/run-config.ts';
import type { Labels } from './labels.ts';
import { permutationOf } from './permutation.ts';
import { sharedUint32 } from './shared-array.ts';
import type { Part } from './source.ts';
import type { PartRows } from './table.ts';

/** Rows of each split in ascending order, SharedArrayBuffer-backed. */
export type Splits = Readonly<Record<Part, Uint32Array>>;

/** Keeps the drawing of splits apart from the epochs' permutations of the same seed. */
const SPLIT_STREAM = 2;

/** Numbers are stratified by tenths of their sorted values. */
const NUMBER_STRATA = 10;

/** @throws Failure DataError where a split that is asked for, or the training split, is empty. */
export function splitRows(
  parts: readonly PartRows[],
  labels: Labels,
  config: DatasetConfig['split'],
): Splits {
  const owner = new Uint8Array(parts.reduce((sum, { rows }) => sum + rows, 0));
  const trainRows = parts.find(({ part }) => part === 'train')?.rows ?? 0;
  let start = 0;
  for (const { part, rows } of parts) {
    owner.fill(CODES[part], start, start + rows);
    start += rows;
  }
  const strata = config.stratify ? strataOf(labels, trainRows) : [range(trainRows)];
  const order = strata.map((rows, stratum) => {
    const at = permutationOf(rows.length, [SPLIT_STREAM, config.seed, stratum]);
    return rows.map((_, position) => rows[at(position)]!);
  });
  const used = order.map(() => 0);
  for (const part of ['validation', 'test'] as const) {
    const fraction = config[part]?.fraction ?? 0;
    const takes = apportion(
      order.map((rows, i) => [rows.length, used[i]!] as const),
      fraction,
    );
    for (const [stratum, rows] of order.entries()) {
      const from = used[stratum]!;
      used[stratum] = from + takes[stratum]!;
      for (const row of rows.subarray(from, used[stratum])) owner[row] = CODES[part];
    }
  }
  const splits = {
    train: rowsOf(owner, 'train'),
    validation: rowsOf(owner, 'validation'),
    test: rowsOf(owner, 'test'),
  };
  refuseEmpty(splits, config, trainRows);
  return splits;
}

const CODES: Readonly<Record<Part, number>> = { train: 0, validation: 1, test: 2 };

function rowsOf(owner: Uint8Array, part: Part): Uint32Array {
  const code = CODES[part];
  const rows = sharedUint32(owner.reduce((count, of) => count + (of === code ? 1 : 0), 0));
  let at = 0;
  for (let row = 0; row < owner.length; row++) if (owner[row] === code) rows[at++] = row;
  return rows;
}

function range(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, row) => row);
}

/** Rows of the training source by class, or by tenths of the (first) number. */
function strataOf({ values, width, classNames }: Labels, rows: number): Uint32Array[] {
  if (values instanceof Int32Array) {
    const groups: number[][] = classNames.map(() => []);
    for (let row = 0; row < rows; row++) groups[values[row]!]!.push(row);
    return groups.map((group) => Uint32Array.from(group));
  }
  const sorted = range(rows).sort((a, b) => values[a * width]! - values[b * width]! || a - b);
  return Array.from({ length: NUMBER_STRATA }, (_, stratum) =>
    sorted.slice(
      Math.floor((rows * stratum) / NUMBER_STRATA),
      Math.floor((rows * (stratum + 1)) / NUMBER_STRATA),
    ),
  );
}

/** Makes up for fractions that binary numbers miss: 0.29 * 100 is a little less than 29. */
const ROUNDING = 1e-9;

/**
 * How many rows each stratum gives, so that the sum is the fraction of all (rounded down: fractions
 * below 1 together always leave a training sample) and each stratum
 * is within one of its share (largest remainders), never more than it has left.
 */
function apportion(
  strata: readonly (readonly [size: number, used: number])[],
  fraction: number,
): number[] {
  const total = strata.reduce((sum, [size]) => sum + size, 0);
  const takes = strata.map(([size, used]) =>
    Math.min(size - used, Math.floor(size * fraction + ROUNDING)),
  );
  const remainder = (i: number): number => strata[i]![0] * fraction - takes[i]!;
  let left = Math.floor(total * fraction + ROUNDING) - takes.reduce((sum, take) => sum + take, 0);
  const order = strata.map((_, i) => i).sort((a, b) => remainder(b) - remainder(a) || a - b);
  while (left > 0) {
    const before = left;
    for (const i of order) {
      if (left === 0 || takes[i]! + strata[i]![1] >= strata[i]![0]) continue;
      takes[i]! += 1;
      left--;
    }
    if (left === before) break;
  }
  return takes;
}

function refuseEmpty(splits: Splits, config: DatasetConfig['split'], trainRows: number): void {
  if (trainRows === 0) {
    // Said first: that a fraction of nothing is nothing would send a person to the wrong field.
    throw new Failure(
      'DataError',
      'The training split is empty: the training source has no sample (left after cleaning); name another source or relax dataset.cleaning.',
    );
  }
  for (const part of ['validation', 'test'] as const) {
    const wanted = config[part];
    if (wanted === undefined || splits[part].length > 0) continue;
    throw new Failure(
      'DataError',
      wanted.source === undefined
        ? `The ${part} split is empty: dataset.split.${part}.fraction ${wanted.fraction} of ${trainRows} samples is none; raise the fraction or remove the split.`
        : `The ${part} split is empty: its source ${wanted.source.features} has no sample (left after cleaning); name another source or remove the split.`,
    );
  }
  if (splits.train.length > 0) return;
  throw new Failure(
    'DataError',
    `The training split is empty: the other splits take all ${trainRows} samples; lower the fractions in dataset.split.`,
  );
}

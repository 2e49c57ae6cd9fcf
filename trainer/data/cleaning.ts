/**
 * Cleans a table by the rules of dataset.cleaning: missing (NaN), unreadable (infinite), outOfRange
 * and duplicate. A row counts for the first rule that it breaks, in this order. Readers report what
 * never became a row (empty cells, damaged pictures) to the same Cleaner before.
 */
import type { CleaningRule } from '@tfjs-operator/api/run-config.ts';
import type { Cleaner } from './cleaning-rules.ts';
import { findDuplicates } from './duplicates.ts';
import { withoutRows, type Table } from './table.ts';

/** @throws Failure DataError at the first fault whose rule says fail or that has no rule. */
export function cleaned(table: Table, cleaner: Cleaner): Table {
  const rejected = new Uint8Array(table.rows);
  rejectNotFinite(table, cleaner, rejected);
  rejectLabels(table, cleaner, rejected);
  for (const rule of cleaner.rules) {
    if (rule.rule === 'outOfRange') rejectOutOfRange(table, cleaner, rejected, rule);
  }
  if (cleaner.rules.some(({ rule }) => rule === 'duplicate')) {
    for (const { row, first } of findDuplicates(table, rejected)) {
      cleaner.reject(
        'duplicate',
        `${table.place(row)} has the same features as ${table.place(first)}`,
      );
      rejected[row] = 1;
    }
  }
  return withoutRows(table, rejected);
}

function rejectNotFinite(table: Table, cleaner: Cleaner, rejected: Uint8Array): void {
  const { features, width, rows } = table;
  if (features instanceof Uint8Array) return;
  for (let row = 0; row < rows; row++) {
    const at = firstElement(features, row * width, width, (value) => !Number.isFinite(value));
    if (at < 0) continue;
    const value = features[row * width + at]!;
    const place = table.place(row, at);
    if (Number.isNaN(value)) cleaner.reject('missing', `${place}: the value is NaN`);
    else cleaner.reject('unreadable', `${place}: the value is ${value}, beyond float32`);
    rejected[row] = 1;
  }
}

function rejectLabels(table: Table, cleaner: Cleaner, rejected: Uint8Array): void {
  const { labels } = table;
  if (labels.kind === 'text') return;
  const { values, width } = labels;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    const row = Math.floor(at / width);
    if (Number.isFinite(value) || rejected[row]) continue;
    const place = table.labelPlace(row);
    if (Number.isNaN(value)) cleaner.reject('missing', `${place}: the label is NaN`);
    else cleaner.reject('unreadable', `${place}: the label is ${value}`);
    rejected[row] = 1;
  }
}

function rejectOutOfRange(
  table: Table,
  cleaner: Cleaner,
  rejected: Uint8Array,
  rule: CleaningRule,
): void {
  const { features, width, rows } = table;
  const { minimum = -Infinity, maximum = Infinity } = rule;
  if (features instanceof Uint8Array && minimum <= 0 && maximum >= 255) return;
  for (let row = 0; row < rows; row++) {
    if (rejected[row]) continue;
    const at = firstElement(features, row * width, width, (v) => v < minimum || v > maximum);
    if (at < 0) continue;
    const value = features[row * width + at]!;
    cleaner.reject(
      'outOfRange',
      `${table.place(row, at)}: the value ${value} is outside of [${minimum}, ${maximum}]`,
      rule,
    );
    rejected[row] = 1;
  }
}

function firstElement(
  features: Uint8Array | Float32Array,
  start: number,
  length: number,
  test: (value: number) => boolean,
): number {
  for (let at = 0; at < length; at++) if (test(features[start + at]!)) return at;
  return -1;
}

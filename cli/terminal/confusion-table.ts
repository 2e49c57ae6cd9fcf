/**
 * The confusion matrix as a table: rows are true classes, columns predicted ones, colour by the
 * share of the row. Empty where the terminal is too narrow: the report has it in any case.
 */
import Table from 'cli-table3';
import type { Result } from '@tfjs-operator/api/result.ts';
import type { Style } from './style.ts';
import { widthOf } from './width.ts';

type Evaluation = NonNullable<Result['evaluation']>;

/** Shares of a row, from which on a cell counts as right, and a mistake as a bad one. */
const goodShare = 0.95;
const badShare = 0.02;

/** Longer class names are cut: the report has them in full. */
const maxNameLength = 10;

export function confusionTable(evaluation: Evaluation, columns: number, style: Style): string {
  const { classNames, confusion } = evaluation;
  if (confusion.length === 0) return '';
  const names = confusion.map((_, index) =>
    (classNames[index] ?? `${index}`).slice(0, maxNameLength),
  );
  const table = new Table({
    head: ['true \\ read', ...names].map((name) => style('dim', name)),
    style: { head: [], border: [], compact: true, 'padding-left': 1, 'padding-right': 1 },
    colAligns: ['left', ...names.map(() => 'right' as const)],
  });
  for (const [index, row] of confusion.entries()) {
    const total = row.reduce((sum, count) => sum + count, 0);
    const cells = row.map((count, column) =>
      cell(count, total, { isRight: column === index, style }),
    );
    table.push([style('dim', names[index] ?? ''), ...cells]);
  }
  const text = table.toString();
  return Math.max(...text.split('\n').map(widthOf)) > columns ? '' : text;
}

function cell(
  count: number,
  total: number,
  { isRight, style }: { readonly isRight: boolean; readonly style: Style },
): string {
  if (count === 0) return style('dim', '·');
  const share = count / total;
  if (isRight) return style(share >= goodShare ? 'green' : 'yellow', `${count}`);
  return style(share >= badShare ? 'red' : 'yellow', `${count}`);
}

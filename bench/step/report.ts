/** The benchmark's report in Markdown: the conditions, then a table per kind of figure. */
import type { Engine, EngineName } from './engines.ts';
import type { ModelRow } from './rows.ts';

/** What the figures hold for. */
export interface Conditions {
  readonly date: string;
  readonly processor: string;
  readonly processors: number;
  readonly threads: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Runnable processes of the machine, one-minute mean: before the benchmark and after it. */
  readonly load: readonly [before: number, after: number];
}

export function renderReport(
  rows: readonly ModelRow[],
  engines: readonly Engine[],
  conditions: Conditions,
): string {
  const names = engines.map(({ name }) => name);
  const perEngine = (cell: (row: ModelRow, name: EngineName) => string): string =>
    table(
      ['model', ...engines.map(({ title }) => title)],
      rows.map((row) => [row.model, ...names.map((name) => cell(row, name))]),
    );
  const sections = [
    ['Milliseconds per step', timesTable(rows, engines)],
    ['Spread over rounds, milliseconds: least, quartiles, most', perEngine(spreadCell)],
    [
      'Processor time per step, all threads together, milliseconds',
      perEngine(({ cpu }, name) => number(cpu[name], 2)),
    ],
    ['Most resident memory, MiB', perEngine(({ rss }, name) => number(rss[name], 0))],
    [
      'First step, milliseconds',
      perEngine(({ firstStepMs }, name) => number(firstStepMs[name], 0)),
    ],
    [`Loss, first step and step ${stepsOf(rows)}`, perEngine(lossCell)],
    ['Trainable parameters', perEngine(({ parameters }, name) => number(parameters[name], 0))],
  ] as const;
  return [
    '# Training step',
    conditionsText(conditions),
    ...sections.map(([title, content]) => `## ${title}\n\n${content}`),
    ...notes(rows, names),
  ].join('\n\n');
}

function conditionsText(conditions: Conditions): string {
  const { date, processor, processors, threads, rounds, seconds, load } = conditions;
  const [before, after] = load.map((value) => value.toFixed(2));
  return (
    `${date}, ${processor}, ${processors} processors, load ${before} before and ${after} after. ` +
    `${threads} threads per engine (wasm: 1), ${rounds} rounds of ${seconds} s per engine, ` +
    'medians over rounds. Every step takes a new batch in, computes the gradients, applies them ' +
    '(Adam) and reads the loss; batch 128, for resnet20 and transformer 64.'
  );
}

function timesTable(rows: readonly ModelRow[], engines: readonly Engine[]): string {
  const head = ['model', ...engines.map(({ title }) => title), 'ours / Keras', 'ours / best peer'];
  const body = rows.map((row) => {
    const best = engines.find(({ name }) => name === row.best);
    const ratioBest = number(row.ratioBest, 2);
    return [
      row.model,
      ...engines.map(({ name }) => number(row[name], 2)),
      number(row.ratioKeras, 2),
      best === undefined || row.ratioBest === null ? ratioBest : `${ratioBest} (${best.title})`,
    ];
  });
  return table(head, body);
}

function spreadCell({ spread }: ModelRow, name: EngineName): string {
  const of = spread[name];
  if (of === undefined) return missingCell;
  const { min, lowerQuartile, upperQuartile, max } = of;
  return [min, lowerQuartile, upperQuartile, max].map((value) => number(value, 2)).join(' · ');
}

function lossCell({ losses }: ModelRow, name: EngineName): string {
  const of = losses[name];
  if (of === undefined) return missingCell;
  return `${number(of[0], 3)} → ${number(of.at(-1), 3)}`;
}

function stepsOf(rows: readonly ModelRow[]): number {
  return Math.max(...rows.flatMap(({ losses }) => Object.values(losses).map((of) => of.length)), 0);
}

/** Versions, ways and reasons: sentences that have no place in a table. */
function notes(rows: readonly ModelRow[], names: readonly EngineName[]): string[] {
  const versions = names.flatMap((name) => {
    const of = rows.map((row) => row.versions[name]).find((version) => version !== undefined);
    return of === undefined ? [] : [`- ${name}: ${of}`];
  });
  const perRow = (title: string, of: (row: ModelRow) => Partial<Record<EngineName, string>>) => {
    const lines = rows.flatMap((row) =>
      names.flatMap((name) => (of(row)[name] ? [`- ${row.model}, ${name}: ${of(row)[name]}`] : [])),
    );
    return lines.length === 0 ? [] : [`## ${title}\n\n${lines.join('\n')}`];
  };
  return [
    ...(versions.length === 0 ? [] : [`## Versions\n\n${versions.join('\n')}`]),
    ...perRow('Ways', ({ ways }) => ways),
    ...perRow('Not measured', ({ missing }) => missing),
  ];
}

const missingCell = '–';

function number(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return missingCell;
  return value.toFixed(digits);
}

/** A Markdown table with columns of equal width; all but the first aligned to the right. */
function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...body.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

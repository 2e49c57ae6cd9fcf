/**
 * What a person sees when a run ended: the figures as a table, the confusion matrix, the verdict of
 * the quality gate, and where the model and the report are. Pure text from result documents.
 */
import Table from 'cli-table3';
import type { Result, Summary } from '@tfjs-operator/api/result.ts';
import { confusionTable } from './confusion-table.ts';
import { formatBytes, formatCount, formatCounted, formatMetric, formatSeconds } from './format.ts';
import type { Style } from './style.ts';

export interface FinalReportInput {
  readonly summary: Summary;
  /** result.json of the output folder; undefined where it is not on this machine. */
  readonly result: Result | undefined;
  /** Paths by what they are, as the person should see them. */
  readonly files: readonly (readonly [string, string])[];
  readonly columns: number;
  readonly style: Style;
}

export function finalReport(input: FinalReportInput): string {
  const { result, columns, style } = input;
  const evaluation = result?.evaluation;
  const parts = [
    figuresTable(input),
    ...(evaluation ? [confusionTable(evaluation, columns, style)] : []),
    ...(evaluation ? [gateLines(evaluation, style)] : []),
    fileLines(input),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function figuresTable({ summary, result, style }: FinalReportInput): string {
  const table = new Table({
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right'],
  });
  for (const [name, value] of figures(summary, result)) table.push([style('dim', name), value]);
  return table.toString();
}

function figures(
  summary: Summary,
  result: Result | undefined,
): readonly (readonly [string, string])[] {
  const { accuracy, loss, metrics, epochs, steps, workers, backend, resumedFromStep } = summary;
  const others = Object.entries(metrics).filter(([name]) => name !== 'accuracy' && name !== 'loss');
  const evaluation = result?.evaluation;
  return [
    ...(accuracy === null ? [] : [['accuracy', formatMetric(accuracy)] as const]),
    ['loss', formatMetric(loss)],
    ...others.map(([name, value]) => [name, formatMetric(value)] as const),
    ...(evaluation
      ? [
          [
            'evaluated on',
            `${formatCount(evaluation.samples)} samples (${evaluation.split})`,
          ] as const,
        ]
      : []),
    ['trained', `${formatCounted(epochs, 'epoch')}, ${formatCounted(steps, 'step')}`],
    ...(resumedFromStep === null
      ? []
      : [['resumed from', `step ${formatCount(resumedFromStep)}`] as const]),
    ['workers', `${workers} × ${backend}${result?.execution ? `, ${result.execution.mode}` : ''}`],
    ['time', formatSeconds(summary.seconds)],
    ['samples/s', formatCount(summary.samplesPerSecond)],
    ['bytes exchanged', formatBytes(summary.allReduceBytes)],
    ['model digest', shortDigest(summary.modelDigest)],
  ];
}

/** Enough digits to compare two models by eye. */
function shortDigest(digest: string): string {
  const shown = 'sha256:'.length + 16;
  return digest.length <= shown ? digest : `${digest.slice(0, shown)}…`;
}

function gateLines({ require, metrics }: NonNullable<Result['evaluation']>, style: Style): string {
  return Object.entries(require)
    .map(([name, bound]) => {
      const value = metrics[name];
      // For the loss the bound is the greatest value, for all else the least.
      const isMet = value !== undefined && (name === 'loss' ? value <= bound : value >= bound);
      const sign = name === 'loss' ? '≤' : '≥';
      const shown = value === undefined ? 'not measured' : formatMetric(value);
      const text = `${isMet ? '✔' : '✘'} ${name} ${shown}, required ${sign} ${bound}`;
      return style(isMet ? 'green' : 'red', text);
    })
    .join('\n');
}

function fileLines({ files, style }: FinalReportInput): string {
  const width = Math.max(...files.map(([name]) => name.length));
  return files.map(([name, path]) => `${style('dim', name.padEnd(width))}  ${path}`).join('\n');
}

/**
 * What is said when a run ended: the report or the one sentence, where the logs are, how to go on.
 * Standard output gets the result; everything else goes to standard error.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Result, Summary } from '@tfjs-operator/api/result.ts';
import { failureLine } from '../failure-line.ts';
import { finalReport } from '../terminal/final-report.ts';
import { formatCount } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { lastLogLines } from '../world/last-words.ts';
import { exitCodeOf, failureOf } from './exit-code.ts';
import type { FinishedRun } from './run-job.ts';

export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly columns: number;
  readonly style: Style;
  /** Paths are shown from here. */
  readonly cwd: string;
}

/** Enough to see what happened last, little enough to read. */
const logLines = 10;

/** Reasons whose message is the worker's own clear sentence: its log would only repeat it. */
const wordlessReasons = ['InternalError', 'Killed', 'AppError', 'RestartLimitReached', 'JobFailed'];

export function tellOutcome(run: FinishedRun, isJson: boolean, output: Output): void {
  const summary = localSummary(run);
  if (!isJson && summary) tellResult(run, summary, output);
  if (run.outcome.kind === 'failed') tellFailure(run, output);
  if (run.outcome.kind === 'interrupted' || run.outcome.kind === 'killed') tellStop(run, output);
  if (isJson) output.out(lastJsonLine(run, summary));
}

/** The summary with the folder on this machine instead of the URI. */
function localSummary({ outcome, outputFolder }: FinishedRun): Summary | undefined {
  const { summary } = outcome;
  return summary && { ...summary, outputDirectory: outputFolder ?? summary.outputDirectory };
}

function tellResult(run: FinishedRun, summary: Summary, output: Output): void {
  const { columns, style, cwd } = output;
  const folder = run.outputFolder;
  const shown = (path: string): string => relative(cwd, path) || '.';
  const files =
    folder === undefined
      ? [['output', summary.outputDirectory] as const]
      : [
          ['model', shown(join(folder, 'model'))] as const,
          ['report', shown(join(folder, 'report.html'))] as const,
          ['logs', shown(run.runFolder)] as const,
        ];
  const result = folder === undefined ? undefined : readResult(folder);
  output.out(`\n${finalReport({ summary, result, files, columns, style })}`);
}

function readResult(folder: string): Result | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Result;
  } catch {
    // The summary came with the last words; without the document there is no confusion matrix.
    return undefined;
  }
}

function tellFailure(run: FinishedRun, { err, style, cwd }: Output): void {
  const { status } = run.outcome;
  const failure = failureOf(status) ?? { reason: 'Failed', message: 'The job failed.' };
  err(`${style('red', `The job failed (${failure.reason}):`)} ${failure.message}`);
  const rank = status.attempts.at(-1)?.rank ?? 0;
  const log = join(run.runFolder, `rank-${rank}.log`);
  if (!wordlessReasons.includes(failure.reason)) return;
  const lines = lastLogLines(log, logLines).filter((line) => line !== '');
  if (lines.length > 0) err(lines.map((line) => style('dim', `  ${line}`)).join('\n'));
  err(`The log of worker ${rank}: ${relative(cwd, log)}`);
}

function tellStop(run: FinishedRun, { err, cwd }: Output): void {
  const { outcome, checkpointStep, checkpointFolder } = run;
  // The last poll was before the last step; the checkpoint is of that one.
  const step = Math.max(outcome.progress?.step ?? 0, checkpointStep ?? 0);
  const stopped = `${outcome.kind === 'killed' ? 'Killed' : 'Stopped'} after step ${formatCount(step)}`;
  if (checkpointFolder === undefined) {
    err(`${stopped}. The job keeps no checkpoints (spec.checkpoint), so the next run starts anew.`);
  } else if (checkpointStep === undefined) {
    err(`${stopped}, before the first checkpoint: the next run starts anew.`);
  } else {
    const folder = relative(cwd, checkpointFolder);
    err(`${stopped}; the checkpoint of step ${formatCount(checkpointStep)} is in ${folder}.`);
    err('The same command goes on from there.');
  }
}

function lastJsonLine(run: FinishedRun, summary: Summary | undefined): string {
  const { outcome, checkpointStep = null } = run;
  const exitCode = exitCodeOf(outcome);
  if (outcome.kind === 'failed') {
    const { reason = 'Failed', message = '' } = failureOf(outcome.status) ?? {};
    return failureLine({ reason, message, exitCode }, summary);
  }
  if (summary) return JSON.stringify({ type: 'summary', ...summary });
  const step = outcome.progress?.step ?? 0;
  return JSON.stringify({ type: outcome.kind, exitCode, step, checkpointStep });
}

/**
 * One picture of a running job as lines of text: a pure function of what is known and of the size of
 * the terminal. Never wider than the columns, never higher than the rows.
 */
import type { Progress, WorkerProgress } from '@tfjs-operator/api/progress.ts';
import type { RunView } from '../world/local-world.ts';
import { progressBar, shareBar } from './bar.ts';
import { formatCount, formatCounted, formatMetric, formatSeconds, formatShare } from './format.ts';
import type { Style } from './style.ts';
import { cutTo, padFrom, padTo } from './width.ts';

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Below this width the bars give way to the figures. */
const leastBarColumns = 10;
const mostBarColumns = 40;
/** Lines around the rows of workers. */
const fixedLines = 5;

const colours: Readonly<Record<string, 'yellow' | 'red'>> = {
  stopping: 'yellow',
  recovering: 'yellow',
  failed: 'red',
};

export function frameLines(view: RunView, options: FrameOptions): readonly string[] {
  const { progress } = view;
  const lines = [headline(view, options)];
  if (progress && progress.totalSteps > 0) {
    lines.push(progressLine(progress, options), metricsLine(progress, options));
  }
  lines.push(...workerLines(progress?.workers ?? [], options), ...lastLine(view, options));
  return lines.map((line) => cutTo(line, options.columns));
}

/** What is going on, in one word or two. */
export function phaseOf({ status, progress, isStopping }: RunView): string {
  if (status.phase === 'Complete') return 'complete';
  if (status.phase === 'Failed') return 'failed';
  if (isStopping) return 'stopping';
  if (status.phase === 'Recovering') return 'recovering';
  return progress?.phase ?? 'starting';
}

function headline(view: RunView, { style }: FrameOptions): string {
  const { job, progress } = view;
  const { replicas } = job.spec.workers;
  const phase = phaseOf(view);
  const colour = colours[phase] ?? 'green';
  const facts = [
    formatCounted(replicas, 'worker'),
    ...(progress?.backend ? [`backend ${progress.backend.name}`] : []),
    ...(progress?.execution ? [progress.execution.mode] : []),
    ...(progress?.allReduce.algorithm && replicas > 1
      ? [`all-reduce ${progress.allReduce.algorithm}`]
      : []),
  ];
  return `${style('bold', job.metadata.name)}  ${style(colour, phase)}  ${style('dim', facts.join(' · '))}`;
}

function progressLine(progress: Progress, { columns, style }: FrameOptions): string {
  const { epoch, epochs, percent, step, totalSteps, secondsRemaining } = progress;
  const left = `epoch ${epoch}/${epochs}  `;
  const right = [
    `${Math.floor(percent)} %`.padStart(5),
    `step ${formatCount(step)}/${formatCount(totalSteps)}`,
    ...(secondsRemaining === null ? [] : [`${formatSeconds(secondsRemaining)} left`]),
  ].join('  ');
  const room = Math.min(mostBarColumns, columns - left.length - right.length - 2);
  if (room < leastBarColumns) return left + right.trimStart();
  return `${left}${progressBar(percent / 100, room, style)} ${right}`;
}

function metricsLine({ metrics, samplesPerSecond }: Progress, { style }: FrameOptions): string {
  const figures = orderedMetrics(metrics).map(
    ([name, value]) => `${style('dim', name)} ${formatMetric(value)}`,
  );
  return [...figures, `${formatCount(samplesPerSecond)} samples/s`].join('  ');
}

/** Loss and accuracy first, validation figures last. */
export function orderedMetrics(
  metrics: Readonly<Record<string, number>>,
): readonly (readonly [string, number])[] {
  const place = (name: string): number => {
    if (name === 'loss') return 0;
    if (name === 'accuracy') return 1;
    return name.startsWith('val_') ? 3 : 2;
  };
  return Object.entries(metrics).sort(([a], [b]) => place(a) - place(b));
}

function workerLines(
  workers: readonly WorkerProgress[],
  { columns, rows, style }: FrameOptions,
): readonly string[] {
  if (workers.length === 0) return [];
  const room = Math.max(1, rows - fixedLines - 1);
  const shown = workers.length <= room ? workers : workers.slice(0, room - 1);
  const figures = 'compute  comm  wait  samples/s';
  const left = 'rank  backend     ';
  const barColumns = Math.min(mostBarColumns, columns - left.length - figures.length - 2);
  const hasBar = barColumns >= leastBarColumns;
  const gap = hasBar ? ' '.repeat(barColumns + 1) : '';
  const lines = shown.map((worker) => {
    const bar = hasBar ? `${workerBar(worker, barColumns, style)} ` : '';
    return padFrom(`${worker.rank}`, 4) + `  ${padTo(worker.backend, 12)}${bar}${shares(worker)}`;
  });
  const hidden = workers.length - shown.length;
  return [
    style('dim', `${left}${gap}${figures}`),
    ...lines,
    ...(hidden > 0 ? [style('dim', `      … and ${hidden} more workers`)] : []),
  ];
}

function workerBar(worker: WorkerProgress, width: number, style: Style): string {
  return shareBar(
    [
      { fraction: worker.computeShare, character: '█', colour: 'green' },
      { fraction: worker.communicationShare, character: '▓', colour: 'yellow' },
      { fraction: worker.waitShare, character: '░', colour: 'red' },
    ],
    width,
    style,
  );
}

function shares(worker: WorkerProgress): string {
  return (
    padFrom(formatShare(worker.computeShare), 7) +
    padFrom(formatShare(worker.communicationShare), 6) +
    padFrom(formatShare(worker.waitShare), 6) +
    padFrom(formatCount(worker.samplesPerSecond), 11)
  );
}

/** What stays to be said below: how to stop, the newest checkpoint, restarts, a wait. */
function lastLine(view: RunView, { style, now }: FrameOptions): readonly string[] {
  const { status, progress, isStopping } = view;
  if (isStopping && status.phase !== 'Failed') {
    const words =
      'Finishing the step and writing a checkpoint; Ctrl-C again ends the workers at once.';
    return [style('yellow', words)];
  }
  const checkpoint = progress?.checkpoint;
  const facts = [
    ...(progress?.message ? [progress.message] : []),
    ...(checkpoint
      ? [`checkpoint of step ${formatCount(checkpoint.step)}, ${age(checkpoint.time, now)} ago`]
      : []),
    ...(status.restarts > 0 ? [`restarts ${status.restarts}`] : []),
  ];
  return facts.length > 0 ? [style('dim', facts.join(' · '))] : [];
}

function age(time: string, now: number): string {
  return formatSeconds(Math.max(0, Math.round((now - Date.parse(time)) / 1000)));
}

/** How training went: loss, metrics and throughput over steps and epochs, membership changes marked. */
import type { EpochRecord, Result } from '@tfjs-operator/api/result.ts';
import { figureBlock, type LegendEntry } from './figure-block.ts';
import { count, duration, figure, percent } from './format.ts';
import { html, type Html } from './html.ts';
import { lineChart, type Point, type Series } from './line-chart.ts';
import { isFraction } from './metric-kinds.ts';
import type { ChartMark } from './place-marks.ts';
import { smooth } from './smooth.ts';
import { partColours, stackedChart } from './stacked-chart.ts';
import { table } from './table.ts';

/** Below so many steps a smoothed line hides more than it shows. */
const leastToSmooth = 60;
/** About the last 10 points count. */
const smoothing = 0.9;
/** Rows of the table that stands for the chart over steps. */
const stepRows = 25;
/** Legend entries per worker; the rest is in the table. */
const mostLegendWorkers = 8;

export function curvesSection(result: Result): Html {
  const { history, steps } = result;
  const names = Object.keys(history[0]?.metrics ?? {}).filter((name) => !name.startsWith('val_'));
  const blocks = [
    lossBySteps(result),
    ...names.map((name, index) => metricByEpoch(history, name, index)),
    throughput(result),
  ].filter((block) => block !== null);
  if (blocks.length === 0)
    return html`<section>
      <h2>Training</h2>
      <p>No step was recorded.</p>
    </section>`;
  return html`<section aria-labelledby="training">
    <h2 id="training">Training</h2>
    <div class="charts">${blocks}</div>
    <details>
      <summary>The same figures as tables</summary>
      ${epochTable(history)} ${stepTable(steps)}
    </details>
  </section>`;
}

function lossBySteps({ steps, membership }: Result): Html | null {
  const points = finite(steps.map(({ step, loss }) => ({ x: step, y: loss })));
  const last = points.at(-1);
  if (last === undefined) return null;
  const isSmoothed = points.length >= leastToSmooth;
  const averages = smooth(
    points.map((point) => point.y),
    smoothing,
  );
  const averaged = points.map((point, index) => ({ x: point.x, y: averages[index] ?? point.y }));
  const series: Series[] = isSmoothed
    ? [
        { name: 'each step', className: 'raw', points },
        { name: 'moving average', className: 'train', points: averaged },
      ]
    : [{ name: 'training', className: 'train', points }];
  const title = 'Training loss by step';
  const marks = membership.slice(1).map((c) => ({ x: c.step, label: workers(c.worldSize) }));
  const legend: LegendEntry[] = series.map(({ name, className, points: own }) =>
    className === 'raw' ? { name, className } : { name, className, value: figure(own.at(-1)?.y) },
  );
  return figureBlock({
    title,
    legend,
    chart: lineChart({ id: 'loss-steps', title, xLabel: 'step', series, marks }),
  });
}

function metricByEpoch(history: readonly EpochRecord[], name: string, index: number): Html | null {
  const pointsOf = (key: string): readonly Point[] =>
    finite(history.map(({ epoch, metrics }) => ({ x: epoch, y: metrics[key] ?? Number.NaN })));
  const series = [
    { name: 'training', className: 'train', points: pointsOf(name) },
    { name: 'validation', className: 'validation', points: pointsOf(`val_${name}`) },
  ].filter(({ points }) => points.length > 0);
  if (series.length === 0) return null;
  const format = isFraction(name) ? percent : figure;
  const title = `${capital(name)} by epoch`;
  const legend = series.map((s) => ({ ...s, value: format(s.points.at(-1)?.y ?? Number.NaN) }));
  const chart = lineChart({
    id: `metric-${index}`,
    title,
    xLabel: 'epoch',
    series,
    isFraction: isFraction(name),
  });
  return figureBlock({ title, legend, chart });
}

function throughput({ history, membership }: Result): Html | null {
  const columns = history.map((record) => ({ x: record.epoch, parts: partsOf(record) }));
  const widest = Math.max(0, ...columns.map(({ parts }) => parts.length));
  const last = history.at(-1);
  if (last === undefined || widest === 0) return null;
  const title = 'Throughput by epoch';
  const legend = Array.from({ length: Math.min(widest, mostLegendWorkers) }, (_, rank) => ({
    className: `part-${rank % partColours}`,
    name: `worker ${rank}`,
    value: count(last.workerSamplesPerSecond[rank] ?? Number.NaN),
  }));
  const total = {
    className: 'total',
    name: 'total',
    value: `${count(last.samplesPerSecond)} samples/s`,
  };
  const chart = stackedChart({
    id: 'throughput',
    title,
    xLabel: 'epoch',
    unit: 'samples/s',
    partName: (index) => `worker ${index}`,
    columns,
    marks: marksByEpoch(history, membership),
  });
  return figureBlock({ title, legend: [total, ...legend], chart });
}

function partsOf({
  workerSamplesPerSecond: parts,
  samplesPerSecond,
}: EpochRecord): readonly number[] {
  const own = parts.length > 0 ? parts : [samplesPerSecond];
  return own.map((part) => (Number.isFinite(part) ? Math.max(0, part) : 0));
}

/** Where between two epochs a step lies: columns stand at the numbers, and end half a unit later. */
function marksByEpoch(
  history: readonly EpochRecord[],
  membership: Result['membership'],
): readonly ChartMark[] {
  return membership.slice(1).flatMap(({ step, worldSize }) => {
    const index = history.findIndex((record) => step <= record.step);
    const record = history[index];
    if (record === undefined) return [];
    const begin = history[index - 1]?.step ?? 0;
    const share = (step - begin) / Math.max(1, record.step - begin);
    return [{ x: record.epoch - 0.5 + share, label: workers(worldSize) }];
  });
}

function epochTable(history: readonly EpochRecord[]): Html | null {
  if (history.length === 0) return null;
  const names = [...new Set(history.flatMap(({ metrics }) => Object.keys(metrics)))];
  const most = Math.max(...history.map((record) => record.workerSamplesPerSecond.length));
  const ranks = Array.from({ length: most }, (_, rank) => rank);
  return table({
    caption: 'Figures by epoch',
    words: [],
    columns: [
      'Epoch',
      'Step',
      'Time',
      ...names,
      'Learning rate',
      'Samples/s',
      ...ranks.map((rank) => `Worker ${rank}`),
    ],
    rows: history.map((r) => [
      r.epoch,
      count(r.step),
      duration(r.seconds),
      ...names.map((name) => figure(r.metrics[name])),
      figure(r.learningRate),
      count(r.samplesPerSecond),
      ...ranks.map((rank) => count(r.workerSamplesPerSecond[rank] ?? Number.NaN)),
    ]),
  });
}

function stepTable(steps: Result['steps']): Html | null {
  if (steps.length === 0) return null;
  const every = Math.ceil(steps.length / stepRows);
  const rows = steps.filter((_, index) => index % every === 0 || index === steps.length - 1);
  return table({
    caption: 'Training loss by step',
    words: [],
    columns: ['Step', 'Loss'],
    rows: rows.map(({ step, loss }) => [count(step), figure(loss)]),
  });
}

function finite(points: readonly Point[]): readonly Point[] {
  return points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
}

function workers(worldSize: number): string {
  return `${worldSize} worker${worldSize === 1 ? '' : 's'}`;
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

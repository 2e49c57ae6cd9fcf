/**
 * Lines over steps or epochs. The y axis is logarithmic where values span so much that the end of
 * training would lie flat on the floor of a linear one.
 */
import { chartFrame, plotArea, round } from './chart-frame.ts';
import { figure } from './format.ts';
import { html, type Html } from './html.ts';
import type { ChartMark } from './place-marks.ts';
import { exactScale, linearScale, logScale, type Scale } from './scale.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Series {
  readonly name: string;
  /** A class of the style sheet: `train`, `validation`, `raw`. */
  readonly className: string;
  readonly points: readonly Point[];
}

export interface LineChartOptions {
  readonly id: string;
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
  readonly marks?: readonly ChartMark[];
  /** Accuracy and the like: `98 %` at the ticks, and never above 1. */
  readonly isFraction?: boolean;
}

/** With more points than these, dots would run into each other. */
const mostDots = 40;
/** Greatest over smallest value from which the axis is logarithmic. */
const logRatio = 30;

export function lineChart(options: LineChartOptions): Html {
  const points = options.series.flatMap((series) => series.points);
  const x = horizontalScale(points);
  const y = verticalScale(points, options.isFraction === true);
  const percentTick = (value: number): string => `${Number((value * 100).toPrecision(6))}\u202f%`;
  const frame = {
    ...options,
    x,
    y,
    yLabel: y.kind === 'log' ? 'logarithmic scale' : '',
    description: options.series.filter(isTold).map(describe).join(' '),
    ...(options.isFraction === true ? { formatY: percentTick } : {}),
  };
  return chartFrame(
    frame,
    html`${options.series.map((series) => line(series, x, y, options.xLabel))}`,
  );
}

function horizontalScale(points: readonly Point[]): Scale {
  const values = points.map((point) => point.x);
  const domain = { from: Math.min(...values), to: Math.max(...values) };
  // Half a dot of room, so that the first and the last are not cut.
  return exactScale(domain, { from: plotArea.left + 6, to: plotArea.right - 6 });
}

function verticalScale(points: readonly Point[], isFraction: boolean): Scale {
  const values = points.map((point) => point.y);
  const domain = { from: Math.min(...values), to: Math.max(...values) };
  const range = { from: plotArea.bottom, to: plotArea.top };
  if (!isFraction && domain.from > 0 && domain.to / domain.from > logRatio) {
    return logScale({ from: domain.from * 0.9, to: domain.to }, range);
  }
  return linearScale(domain, range);
}

function line(series: Series, x: Scale, y: Scale, xLabel: string): Html {
  const places = series.points.map((p) => `${round(x.at(p.x))} ${round(y.at(p.y))}`);
  const dots = series.points.length > mostDots ? [] : series.points;
  return html`<path class="line ${series.className}" d="M${places.join('L')}" />${dots.map(
      (p) =>
        html`<circle
          class="dot ${series.className}"
          cx="${round(x.at(p.x))}"
          cy="${round(y.at(p.y))}"
          r="3.5"
          ><title>${series.name}, ${xLabel} ${p.x}: ${figure(p.y)}</title></circle
        >`,
    )}`;
}

/** The raw line below a smoothed one says nothing that the smoothed one does not. */
function isTold(series: Series): boolean {
  return series.className !== 'raw';
}

function describe({ name, points }: Series): string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return '';
  return `${name}: from ${figure(first.y)} at ${first.x} to ${figure(last.y)} at ${last.x}.`;
}

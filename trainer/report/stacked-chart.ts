/**
 * One column per epoch, made of a piece per worker: the total and who contributed what, at a glance.
 */
import { chartFrame, plotArea, round } from './chart-frame.ts';
import { count } from './format.ts';
import { html, type Html } from './html.ts';
import type { ChartMark } from './place-marks.ts';
import { exactScale, linearScale } from './scale.ts';

export interface Column {
  readonly x: number;
  /** From the bottom up. */
  readonly parts: readonly number[];
}

export interface StackedChartOptions {
  readonly id: string;
  readonly title: string;
  readonly xLabel: string;
  readonly unit: string;
  readonly partName: (index: number) => string;
  readonly columns: readonly Column[];
  readonly marks: readonly ChartMark[];
}

/** Colours in the style sheet; further parts begin again. */
export const partColours = 8;
/** Wider columns look like a bar chart of something else. */
const widestColumn = 46;

export function stackedChart(options: StackedChartOptions): Html {
  const { columns } = options;
  const positions = columns.map((column) => column.x);
  const domain = { from: Math.min(...positions) - 0.5, to: Math.max(...positions) + 0.5 };
  const x = exactScale(domain, { from: plotArea.left, to: plotArea.right });
  const top = Math.max(...columns.map(({ parts }) => sum(parts)));
  const y = linearScale({ from: 0, to: top }, { from: plotArea.bottom, to: plotArea.top });
  const width = Math.min(widestColumn, (x.at(1) - x.at(0)) * 0.7);
  const first = columns[0];
  const last = columns.at(-1);
  const description =
    first === undefined || last === undefined
      ? ''
      : `${count(sum(first.parts))} ${options.unit} in the first epoch, ${count(sum(last.parts))} in the last.`;
  const drawn = columns.map((column) => {
    let below = 0;
    return column.parts.map((part, index) => {
      const height = y.at(below) - y.at(below + part);
      below += part;
      return html`<rect
        class="part part-${index % partColours}"
        x="${round(x.at(column.x) - width / 2)}"
        y="${round(y.at(below))}"
        width="${round(width)}"
        height="${round(Math.max(0, height))}"
        ><title>
          ${options.partName(index)}, ${options.xLabel} ${column.x}: ${count(part)} ${options.unit}
        </title></rect
      >`;
    });
  });
  return chartFrame({ ...options, x, y, description, formatY: count }, html`${drawn}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

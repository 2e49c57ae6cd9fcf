/**
 * What all charts share: the size, the axes with their grid and labels, vertical marks, and the
 * accessible name. A chart is an SVG of ours: no library, no script, colours from the style sheet.
 */
import { figure } from './format.ts';
import { html, type Html } from './html.ts';
import { markRowHeight, placeMarks, type ChartMark, type PlacedMark } from './place-marks.ts';
import type { Scale } from './scale.ts';

/** Units of the viewBox. About the width in pixels on a desktop; on a phone letters grow (style). */
export const chartSize = { width: 520, height: 290 } as const;
/** Room for labels, in units; enough for the larger letters of the phone. */
const margin = { top: 16, right: 16, bottom: 50, left: 62 } as const;

export const plotArea = {
  left: margin.left,
  right: chartSize.width - margin.right,
  top: margin.top,
  bottom: chartSize.height - margin.bottom,
} as const;

export interface FrameOptions {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What a person who does not see the chart should know. */
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel?: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly marks?: readonly ChartMark[];
  readonly formatY?: (value: number) => string;
}

export function chartFrame(options: FrameOptions, content: Html): Html {
  const { id, title, description, x, y, marks = [], formatY = figure } = options;
  return html`<svg
    class="chart"
    viewBox="0 0 ${chartSize.width} ${chartSize.height}"
    role="img"
    aria-labelledby="${id}-title ${id}-description"
  >
    <title id="${id}-title">${title}</title>
    <desc id="${id}-description">${description}</desc>
    ${y.ticks.map((tick) => horizontalLine(y.at(tick), formatY(tick)))}
    ${x.ticks.map((tick) => html`<text class="tick" x="${round(x.at(tick))}" y="${plotArea.bottom + 20}" text-anchor="middle">${tick.toLocaleString('en-US')}</text>`)}
    <line
      class="axis"
      x1="${plotArea.left}"
      x2="${plotArea.right}"
      y1="${plotArea.bottom}"
      y2="${plotArea.bottom}"
    />
    <text class="tick label" x="${plotArea.right}" y="${chartSize.height - 8}" text-anchor="end">
      ${options.xLabel}
    </text>
    <text class="tick label" x="${plotArea.left}" y="${chartSize.height - 8}">
      ${options.yLabel}
    </text>
    ${content} ${placeMarks(marks, x, plotArea).map(verticalMark)}
  </svg>`;
}

function horizontalLine(y: number, label: string): Html {
  return html`<line
      class="grid"
      x1="${plotArea.left}"
      x2="${plotArea.right}"
      y1="${round(y)}"
      y2="${round(y)}"
    />
    <text class="tick" x="${plotArea.left - 8}" y="${round(y + 4)}" text-anchor="end"
      >${label}</text
    >`;
}

function verticalMark({ x, label, row, side }: PlacedMark): Html {
  return html`<line
      class="mark"
      x1="${round(x)}"
      x2="${round(x)}"
      y1="${plotArea.top}"
      y2="${plotArea.bottom}"
    />
    <text
      class="mark-label"
      x="${round(x + (side === 'right' ? 5 : -5))}"
      y="${plotArea.top + 10 + row * markRowHeight}"
      text-anchor="${side === 'right' ? 'start' : 'end'}"
      >${label}</text
    >`;
}

/** A tenth of a unit is finer than a pixel; more digits only make the file larger. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

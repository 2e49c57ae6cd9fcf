/** A chart with its heading, its legend and the same figures as a table for who cannot see it. */
import { html, type Html } from './html.ts';

export interface LegendEntry {
  /** A class of the style sheet that gives the colour. */
  readonly className: string;
  readonly name: string;
  /** The value to remember: the last one. */
  readonly value?: string;
}

export function figureBlock(options: {
  readonly title: string;
  readonly legend: readonly LegendEntry[];
  readonly chart: Html;
}): Html {
  return html`<figure class="panel">
    <figcaption>
      <h3>${options.title}</h3>
      <ul class="legend">
        ${options.legend.map(
          ({ className, name, value }) =>
            html`<li>
              <span class="swatch ${className}"></span
              >${name}${value !== undefined && html` <b>${value}</b>`}
            </li>`,
        )}
      </ul>
    </figcaption>
    ${options.chart}
  </figure>`;
}

/**
 * A data table that a narrow screen can scroll, and that a keyboard can too (hence the tabindex).
 * The first cell of each row is its heading.
 */
import { html, type Html, type Insertable } from './html.ts';

export interface TableOptions {
  /** Read out before the table; not shown where a heading says the same. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Insertable[])[];
  /** Columns of words, aligned to the left, by index; the others hold figures. */
  readonly words?: readonly number[];
}

export function table({ caption, columns, rows, words = [0] }: TableOptions): Html {
  const kind = (index: number): string => (words.includes(index) ? 'word' : 'number');
  const cell = (value: Insertable, index: number): Html =>
    index === 0
      ? html`<th scope="row" class="${kind(index)}">${value}</th>`
      : html`<td class="${kind(index)}">${value}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption class="unseen">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((name, index) => html`<th scope="col" class="${kind(index)}">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

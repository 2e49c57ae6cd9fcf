/** What went in: samples by split, and what the cleaning rules took out. */
import type { Result } from '@tfjs-operator/api/result.ts';
import { count } from './format.ts';
import { html, type Html } from './html.ts';
import { table } from './table.ts';

const ruleWords: Readonly<Record<string, string>> = {
  missing: 'Missing value',
  outOfRange: 'Value out of range',
  duplicate: 'Duplicate sample',
  unreadable: 'Unreadable sample',
};

export function dataSection({ data }: Result): Html {
  const { train, validation, test } = data.samples;
  const rows = [
    ['Training', count(train)],
    ['Validation', count(validation)],
    ['Test', count(test)],
    ['All', count(train + validation + test)],
  ];
  return html`<section aria-labelledby="data">
    <h2 id="data">Data</h2>
    ${table({ caption: 'Samples by split', columns: ['Split', 'Samples'], rows })}
    ${
      data.cleaning.length === 0
        ? html`<p class="note">No cleaning rule was asked for.</p>`
        : table({
            caption: 'Cleaning',
            words: [0, 1],
            columns: ['Cleaning rule', 'Action', 'Found'],
            rows: data.cleaning.map(({ rule, action, dropped }) => [
              ruleWords[rule] ?? rule,
              action,
              dropped === 0 ? 'none' : `${count(dropped)} dropped`,
            ]),
          })
    }
  </section>`;
}

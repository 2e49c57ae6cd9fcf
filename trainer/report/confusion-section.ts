/**
 * Which class is taken for which: a heat table of real cells (so that it can be read out and
 * copied), and the commonest mistakes as a list. Right answers and mistakes have a colour each,
 * because the diagonal would drown the rest in a common one.
 */
import type { Result } from '@tfjs-operator/api/result.ts';
import { count, percent } from './format.ts';
import { html, type Html } from './html.ts';
import { table } from './table.ts';

type Evaluation = NonNullable<Result['evaluation']>;

/** A larger matrix is no picture any more: only its commonest mistakes are listed. */
const mostClasses = 40;
/** Beside the matrix as many as its height holds. */
const mostMistakes = { withMatrix: 9, alone: 30 } as const;

interface Mistake {
  readonly label: string;
  readonly predicted: string;
  readonly times: number;
  readonly share: number;
}

export function confusionSection(evaluation: Evaluation): Html | null {
  const { confusion, classNames, split } = evaluation;
  if (confusion.length === 0) return null;
  const name = (index: number): string => classNames[index] ?? String(index);
  const mistakes = commonMistakes(confusion, name);
  const isSmall = confusion.length <= mostClasses;
  return html`<section aria-labelledby="confusion">
    <h2 id="confusion">What is taken for what</h2>
    <p class="note">
      Rows are the true classes of the ${split} samples, columns what the model read.
      ${mistakes.length === 0 && 'There is no mistake.'}
    </p>
    <div class="beside">
      ${isSmall && heatTable(confusion, name)}
      ${mistakes.length > 0 && mistakeTable(mistakes.slice(0, isSmall ? mostMistakes.withMatrix : mostMistakes.alone))}
    </div>
  </section>`;
}

function heatTable(confusion: Evaluation['confusion'], name: (index: number) => string): Html {
  const totals = confusion.map((row) =>
    Math.max(
      1,
      row.reduce((sum, value) => sum + value, 0),
    ),
  );
  const wrongShares = confusion.flatMap((row, i) =>
    row.map((value, j) => (i === j ? 0 : value / totals[i]!)),
  );
  const worst = Math.max(...wrongShares, Number.EPSILON);
  const heat = (i: number, j: number, value: number): number =>
    // The root makes one mistake in a thousand visible beside the commonest one.
    i === j ? value / totals[i]! : Math.sqrt(value / totals[i]! / worst);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">
    <table class="heat">
      <caption class="unseen">
        Confusion matrix: rows are true classes, columns predicted ones
      </caption>
      <thead>
        <tr>
          <td class="corner">true \\ read</td>
          ${confusion.map((_, j) => html`<th scope="col">${name(j)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${confusion.map(
          (row, i) =>
            html`<tr>
              <th scope="row">${name(i)}</th>
              ${row.map((value, j) => heatCell({ value, isRight: i === j, heat: heat(i, j, value) }))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function heatCell(o: {
  readonly value: number;
  readonly isRight: boolean;
  readonly heat: number;
}): Html {
  if (o.value === 0) return html`<td class="none">0</td>`;
  // Even the faintest colour must be told from none.
  const share = Math.round(12 + o.heat * 88);
  const kind = o.isRight ? 'right' : 'wrong';
  return html`<td class="${kind}" style="--heat:${share}%">${count(o.value)}</td>`;
}

function commonMistakes(
  confusion: Evaluation['confusion'],
  name: (index: number) => string,
): readonly Mistake[] {
  return confusion
    .flatMap((row, i) => {
      const total = Math.max(
        1,
        row.reduce((sum, value) => sum + value, 0),
      );
      return row.map((times, j) => ({
        label: name(i),
        predicted: name(j),
        times: i === j ? 0 : times,
        share: times / total,
      }));
    })
    .filter(({ times }) => times > 0)
    .sort((a, b) => b.times - a.times);
}

function mistakeTable(mistakes: readonly Mistake[]): Html {
  return table({
    caption: 'Commonest mistakes',
    words: [0, 1],
    columns: ['Commonest mistakes', 'read as', 'Times', 'Of the class'],
    rows: mistakes.map((m) => [m.label, m.predicted, count(m.times), percent(m.share, 1)]),
  });
}

/** Precision, recall and F1 of each class, with the weakest one pointed out, and all other metrics. */
import type { Result } from '@tfjs-operator/api/result.ts';
import { count, figure, percent } from './format.ts';
import { html, type Html } from './html.ts';
import { isFraction } from './metric-kinds.ts';
import { table } from './table.ts';

type Evaluation = NonNullable<Result['evaluation']>;

export function classesSection({ classes, metrics, split, samples }: Evaluation): Html {
  const lowest = Math.min(...classes.map((c) => c.f1));
  const lowestClasses = classes.filter((c) => c.f1 === lowest);
  const weakest = lowestClasses.length === 1 && classes.length > 1 ? lowestClasses[0] : undefined;
  const metricRows = Object.entries(metrics).map(([name, value]) => [
    name,
    isFraction(name) ? percent(value) : figure(value),
  ]);
  return html`<section aria-labelledby="evaluation">
    <h2 id="evaluation">Evaluation</h2>
    <p class="note">On ${count(samples)} samples of the ${split} split.</p>
    ${table({ caption: 'Metrics', columns: ['Metric', 'Value'], rows: metricRows })}
    ${
      classes.length > 0 &&
      table({
        caption: 'Figures by class',
        columns: ['Class', 'Precision', 'Recall', 'F1', 'Samples'],
        rows: classes.map((c) => [
          html`${c.name}${c === weakest && html` <span class="tag">weakest</span>`}`,
          percent(c.precision),
          percent(c.recall),
          percent(c.f1),
          count(c.support),
        ]),
      })
    }
  </section>`;
}

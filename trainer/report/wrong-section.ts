/** Samples that the model read wrongly: as pictures where they are some, else as a table. */
import type { Result, WrongSample } from '@tfjs-operator/api/result.ts';
import { count, percent } from './format.ts';
import { html, type Html } from './html.ts';
import { pictureOf } from './picture.ts';
import { table } from './table.ts';

type Evaluation = NonNullable<Result['evaluation']>;

export function wrongSection({ wrongSamples }: Evaluation): Html | null {
  if (wrongSamples.length === 0) return null;
  const pictures = wrongSamples.map((sample) => ({ sample, picture: pictureOf(sample) }));
  const shown = pictures.flatMap(({ sample, picture }) => (picture ? [{ sample, picture }] : []));
  const listed = pictures
    .filter(({ picture }) => picture === undefined)
    .map(({ sample }) => sample);
  return html`<section aria-labelledby="wrong">
    <h2 id="wrong">Read wrongly</h2>
    <p class="note">Some of the mistakes: the truth, what the model read, and how sure it was.</p>
    ${
      shown.length > 0 &&
      html`<ul class="gallery">
        ${shown.map((s) => card(s.sample, s.picture))}
      </ul>`
    }
    ${listed.length > 0 && list(listed)}
  </section>`;
}

function card(sample: WrongSample, picture: string): Html {
  const sure = percent(sample.confidence, 0);
  const words = `Sample ${sample.index}: ${sample.label}, read as ${sample.predicted}, ${sure} sure`;
  return html`<li>
    <img src="${picture}" alt="${words}" width="96" height="96" />
    <p>
      <span class="truth">${sample.label}</span> <span aria-hidden="true">→</span>
      <span class="read">${sample.predicted}</span>
      <small>${sure} sure</small> <small>sample ${count(sample.index)}</small>
    </p>
  </li>`;
}

function list(samples: readonly WrongSample[]): Html {
  return table({
    caption: 'Samples read wrongly',
    words: [1, 2],
    columns: ['Sample', 'Truth', 'Read as', 'Confidence'],
    rows: samples.map((s) => [count(s.index), s.label, s.predicted, percent(s.confidence, 1)]),
  });
}

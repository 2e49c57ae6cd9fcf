/** The top of the page: what was trained, how well it does, and the few figures everybody asks for. */
import type { Result } from '@tfjs-operator/api/result.ts';
import { bytes, count, duration, figure, percent, plural, time } from './format.ts';
import { html, type Html } from './html.ts';

export function headSection(result: Result): Html {
  const { job, summary } = result;
  return html`<header>
    <div class="opening">
      <p class="eyebrow">Training report</p>
      <h1>${job.name}</h1>
      <p class="lead">${story(result)}</p>
      ${requirements(result)}
    </div>
    ${headline(result)}
    <dl class="facts">
      ${fact('Workers', count(summary.workers))} ${fact('Backend', summary.backend)}
      ${fact('Time', duration(summary.seconds))}
      ${fact('Samples/s', count(summary.samplesPerSecond))} ${fact('Epochs', count(summary.epochs))}
      ${fact('Steps', count(summary.steps))} ${fact('Exchanged', bytes(summary.allReduceBytes))}
    </dl>
  </header>`;
}

function fact(name: string, value: string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function story({ job, summary, completionTime }: Result): Html {
  const resumed =
    summary.resumedFromStep === null
      ? ''
      : `, resumed from the checkpoint of step ${count(summary.resumedFromStep)}`;
  const by = `by ${plural(summary.workers, 'worker')} in ${duration(summary.seconds)}${resumed}`;
  return html`Trained in namespace ${job.namespace} ${by}. Finished on
    <span class="whole">${time(completionTime)}</span>.`;
}

/** The one figure: accuracy where there is one, else the loss. */
function headline({ summary, evaluation }: Result): Html {
  const where =
    evaluation === null
      ? 'at the end of training'
      : `on ${count(evaluation.samples)} ${evaluation.split} samples`;
  const [value, name] =
    summary.accuracy === null
      ? [figure(summary.loss), `loss ${where}`]
      : [percent(summary.accuracy), `accuracy ${where}`];
  return html`<p class="headline"><strong>${value}</strong><span>${name}</span></p>`;
}

/** Each requirement as a sentence; the sign is repeated in words, since colour alone tells nothing. */
function requirements({ evaluation }: Result): Html | null {
  const required = Object.entries(evaluation?.require ?? {});
  if (evaluation === null || required.length === 0) return null;
  return html`<ul class="gates">
    ${required.map(([name, bound]) => {
      const value = evaluation.metrics[name];
      const isLoss = name === 'loss';
      const isMet = value !== undefined && (isLoss ? value <= bound : value >= bound);
      const demand = `${name} ${isLoss ? 'at most' : 'at least'} ${figure(bound)}`;
      return html`<li class="${isMet ? 'met' : 'unmet'}">
        <span aria-hidden="true">${isMet ? '✓' : '✕'}</span> ${isMet ? 'Met' : 'Not met'}: ${demand}
        (is ${figure(value)})
      </li>`;
    })}
  </ul>`;
}

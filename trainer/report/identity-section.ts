/** What makes the run repeatable and the model traceable: digests, backend, times, membership. */
import type { Result } from '@tfjs-operator/api/result.ts';
import { count, time } from './format.ts';
import { html, type Html, type Insertable } from './html.ts';
import { table } from './table.ts';

export function identitySection(result: Result): Html {
  const { job, summary, backend, execution, data } = result;
  const rows: readonly (readonly [string, Insertable])[] = [
    ['Job', `${job.namespace}/${job.name}`],
    ['Job UID', code(job.uid)],
    ['Run config', code(result.runConfigDigest)],
    ['Data', code(data.digest)],
    ['Model', code(summary.modelDigest)],
    ['Model lies in', code(summary.outputDirectory)],
    ['Started', time(result.startTime)],
    ['Finished', time(result.completionTime)],
    [
      'Resumed',
      summary.resumedFromStep === null ? 'no' : `from step ${count(summary.resumedFromStep)}`,
    ],
    ['Backend', html`<b>${backend.name}</b>: ${backend.reason}`],
    ...backend.rejected.map(({ name, reason }) => [`Not ${name}`, reason] as const),
    ['Steps', html`<b>${execution.mode}</b>: ${execution.reason}`],
  ];
  return html`<section aria-labelledby="identity">
    <h2 id="identity">This run</h2>
    <dl class="identity">
      ${rows.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${membershipTable(result)}
  </section>`;
}

function membershipTable({ membership }: Result): Html | null {
  if (membership.length === 0) return null;
  return table({
    caption: 'Membership changes',
    words: [4],
    columns: ['Membership', 'Workers', 'From step', 'Time', 'Reason'],
    rows: membership.map((change) => [
      count(change.membershipEpoch),
      count(change.worldSize),
      count(change.step),
      time(change.time),
      change.reason,
    ]),
  });
}

function code(text: string): Html {
  return html`<code>${text}</code>`;
}

/** The reference of exit codes, from api/exit-codes.ts alone. */
import { exitStatuses } from '../exit-codes.ts';
import { cell, code, page, table } from './reference-page.ts';

/** @returns Markdown. */
export function exitCodesReference(): string {
  const rows = Object.entries(exitStatuses).map(
    ([name, { code: number, isRetryable, meaning }]) => [
      String(number),
      code(name),
      isRetryable ? 'yes' : 'no',
      cell(meaning),
    ],
  );
  return page('Exit codes', 'api/exit-codes.ts', [
    'How a worker ends. The same table is read by the operator, by `tfjsctl run` (which ends with the code of the failure that ended the job) and in `status.attempts[].reason`. The third column says whether the same worker with the same run config can succeed when it is started again, within `spec.runPolicy.maxRestarts`.',
    table(['code', 'reason', 'restarted', 'meaning'], rows),
    'Beside the code a worker leaves one sentence in its termination message. What to do about each reason: [troubleshooting](../guides/troubleshooting.md).',
  ]);
}

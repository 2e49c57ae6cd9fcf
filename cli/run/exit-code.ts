/**
 * The exit code of `tfjsctl run`: the code of the job's reason in api/exit-codes.ts, so that a script
 * branches on the same table as the operator.
 */
import { exitReasonOf, exitStatuses, type ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import { reasons } from '@tfjs-operator/operator/trainingjob/reasons.ts';
import type { LocalOutcome } from '../world/local-world.ts';

/** As coreutils' timeout gives it: the table's codes are for workers, and no worker ends this way. */
const deadlineCode = 124;
/** 128 + SIGINT, as shells give it: the workers were killed and wrote no checkpoint. */
const killedCode = 130;

export function exitCodeOf({ kind, status }: LocalOutcome): number {
  if (kind === 'complete') return exitStatuses.Complete.code;
  if (kind === 'interrupted') return exitStatuses.Interrupted.code;
  if (kind === 'killed') return killedCode;
  const reason = failureOf(status)?.reason ?? '';
  if (reason in exitStatuses) return exitStatuses[reason as ExitReason].code;
  if (reason === reasons.deadlineExceeded) return deadlineCode;
  if (reason === reasons.startDeadlineExceeded) return exitStatuses.GangIncomplete.code;
  const last = status.attempts.at(-1)?.exitCode ?? exitStatuses.InternalError.code;
  return exitReasonOf(last) === undefined ? exitStatuses.InternalError.code : last;
}

/** The condition that says why the job failed. */
export function failureOf(
  status: LocalOutcome['status'],
): { readonly reason: string; readonly message: string } | undefined {
  return status.conditions.find((c) => c.type === 'Failed' && c.status === 'True');
}

/**
 * The verdict as conditions with kstatus meaning: `Ready` is True only when the work is done,
 * `Reconciling` and `Stalled` are present only while true. A condition that says the same as
 * before keeps its transition time, so that an unchanged job causes no status write.
 */
import type { Condition } from './kubernetes.ts';
import { messages, reasons, type ConditionType } from './reasons.ts';
import { timestamp } from './timestamp.ts';
import type { Verdict } from './verdict.ts';

export interface ConditionContext {
  readonly previous: readonly Condition[];
  readonly observedGeneration: number;
  readonly now: number;
  /** Pods exist: a suspended job is still stopping. */
  readonly hasPods: boolean;
}

interface Finding {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

type Policy = (verdict: Verdict, context: ConditionContext) => Finding | undefined;

const policies: readonly Policy[] = [
  // Unknown until workers ran: kstatus would read a missing Ready as done.
  (verdict) => ({ type: 'Ready', status: readyStatus(verdict), ...wordsOf(verdict) }),
  // Something is under way that ends by itself.
  reconciling,
  // Nothing moves on until a person changes something.
  (verdict) =>
    verdict.isStalled ? { type: 'Stalled', status: 'True', ...wordsOf(verdict) } : undefined,
  // Always there: Kueue and people wait for both of its values.
  suspended,
  // Always there: `kubectl wait --for=condition=Running`.
  (verdict) => ({
    type: 'Running',
    status: verdict.phase === 'Running' ? 'True' : 'False',
    ...wordsOf(verdict),
  }),
  // The two ends are there only when true, as with batch/v1 Job.
  (verdict) =>
    verdict.phase === 'Complete'
      ? { type: 'Complete', status: 'True', ...wordsOf(verdict) }
      : undefined,
  (verdict) =>
    verdict.phase === 'Failed'
      ? { type: 'Failed', status: 'True', ...wordsOf(verdict) }
      : undefined,
];

/** All conditions of the job, in a fixed order. */
export function conditionsOf(verdict: Verdict, context: ConditionContext): readonly Condition[] {
  return policies
    .map((policy) => policy(verdict, context))
    .filter((finding) => finding !== undefined)
    .map((finding) => stamp(finding, context));
}

function wordsOf({ reason, message }: Verdict): Pick<Finding, 'reason' | 'message'> {
  return { reason, message };
}

function readyStatus({ phase, isStalled }: Verdict): Condition['status'] {
  if (phase === 'Complete') return 'True';
  return !isStalled && (phase === 'Starting' || phase === 'Pending') ? 'Unknown' : 'False';
}

function reconciling(verdict: Verdict, { hasPods }: ConditionContext): Finding | undefined {
  const { phase, isStalled } = verdict;
  if (isStalled || phase === 'Complete' || phase === 'Failed') return undefined;
  if (phase !== 'Suspended') return { type: 'Reconciling', status: 'True', ...wordsOf(verdict) };
  if (!hasPods) return undefined;
  const words = { reason: reasons.stopping, message: messages.stopping };
  return { type: 'Reconciling', status: 'True', ...words };
}

function suspended(verdict: Verdict): Finding {
  if (verdict.phase === 'Suspended')
    return { type: 'Suspended', status: 'True', ...wordsOf(verdict) };
  const words = { reason: reasons.notSuspended, message: messages.notSuspended };
  return { type: 'Suspended', status: 'False', ...words };
}

function stamp(finding: Finding, context: ConditionContext): Condition {
  const { previous, observedGeneration, now } = context;
  const before = previous.find(({ type }) => type === finding.type);
  const isSame = before?.status === finding.status;
  const lastTransitionTime = isSame ? before.lastTransitionTime : timestamp(now);
  return { ...finding, observedGeneration, lastTransitionTime };
}

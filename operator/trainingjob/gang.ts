/**
 * The state of the gang as the pods show it: who is ready, who is missing, who is being restarted.
 */
import type { Job, KubernetesObject, Pod } from './kubernetes.ts';
import { rankOf, workerStatus } from './terminations.ts';

export interface Gang {
  readonly desired: number;
  readonly ready: number;
  /** Nobody is missing: each worker is ready, or has ended well and waits for rank 0 to end too. */
  readonly isWhole: boolean;
  /** Ranks without a ready worker, ascending. */
  readonly missingRanks: readonly number[];
  /** Ranks whose worker ended with an error and does not run again yet. */
  readonly endedRanks: readonly number[];
}

export function observeGang(pods: readonly Pod[], desired: number): Gang {
  const isOf = (test: (pod: Pod) => boolean): ReadonlySet<number | undefined> =>
    new Set(pods.filter(test).map(rankOf));
  const readyRanks = isOf((pod) => workerStatus(pod)?.ready === true);
  const doneRanks = isOf((pod) => workerStatus(pod)?.state.terminated?.exitCode === 0);
  const ended = isOf((pod) => hasEndedBadly(pod));
  const ranks = Array.from({ length: desired }, (_, rank) => rank);
  const missingRanks = ranks.filter((rank) => !readyRanks.has(rank));
  return {
    desired,
    ready: desired - missingRanks.length,
    isWhole: missingRanks.every((rank) => doneRanks.has(rank)),
    missingRanks,
    endedRanks: ranks.filter((rank) => ended.has(rank)),
  };
}

/** True for a worker between its end and its next start: terminated, or waiting in back-off. */
function hasEndedBadly(pod: Pod): boolean {
  const status = workerStatus(pod);
  if (!status || status.state.running) return false;
  const terminated = status.state.terminated ?? status.lastState?.terminated;
  return terminated !== undefined && terminated.exitCode !== 0;
}

/** The batch Job among the children, if it is there. */
export function jobOf(children: readonly KubernetesObject[], name: string): Job | undefined {
  return children.find((child): child is Job => isJob(child) && child.metadata.name === name);
}

function isJob(child: KubernetesObject): child is Job {
  return child.kind === 'Job' && child.apiVersion === 'batch/v1';
}

/** True where the batch Job carries the condition with status True. */
export function hasJobCondition(job: Job | undefined, type: string): boolean {
  return (job?.status?.conditions ?? []).some((c) => c.type === type && c.status === 'True');
}

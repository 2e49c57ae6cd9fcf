/**
 * The loop of a local run: observe, decide, act, until the job ended. The decisions are the
 * operator's own; this gives them a world of processes and files, and hands the status to a display.
 * Ctrl-C is a suspension: the workers leave at a step boundary, with a checkpoint.
 */
import type { Progress } from '@tfjs-operator/api/progress.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import type { Summary } from '@tfjs-operator/api/result.ts';
import { decide } from '@tfjs-operator/operator/trainingjob/decide.ts';
import { terminationsOf } from '@tfjs-operator/operator/trainingjob/terminations.ts';
import type { Pod } from '@tfjs-operator/operator/trainingjob/kubernetes.ts';
import type {
  TrainingJob,
  TrainingJobStatus,
} from '@tfjs-operator/operator/trainingjob/training-job.ts';
import type { JobEvent, Observed } from '@tfjs-operator/operator/trainingjob/types.ts';
import type { LocalCluster } from './local-cluster.ts';
import { ProgressPoller } from './progress-poller.ts';

/** What a display needs to draw the run. */
export interface RunView {
  readonly job: TrainingJob;
  readonly status: TrainingJobStatus;
  readonly progress: Progress | null;
  readonly isStopping: boolean;
}

export interface RunObserver {
  readonly onView: (view: RunView) => void;
  readonly onEvent: (event: JobEvent) => void;
}

export interface LocalOutcome {
  readonly kind: 'complete' | 'failed' | 'interrupted' | 'killed';
  readonly status: TrainingJobStatus;
  readonly summary: Summary | undefined;
  readonly progress: Progress | null;
}

export interface LocalWorldOptions {
  readonly job: TrainingJob;
  readonly runConfig: RunConfig;
  readonly cluster: LocalCluster;
  readonly observer: RunObserver;
  /** Resolves the current `sleep` of the loop; the cluster calls it on each change. */
  readonly wake: Wake;
}

export interface StopSignals {
  /** Asks the workers to leave at a step boundary. */
  readonly stop: AbortSignal;
  /** Ends them at once. */
  readonly kill: AbortSignal;
}

/** After rank 0 succeeded the others have nothing left to do but to leave. */
const farewellMs = 5_000;

/** Only a person or a timer moves the decision on: the loop looks at least this often. */
const idleMs = 1_000;

/** Wakes the loop from any callback; calls between two passes are one. */
export class Wake {
  #resolve: (() => void) | undefined;
  #isPending = false;

  call(): void {
    this.#isPending = true;
    this.#resolve?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#isPending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isPending = false;
    this.#resolve = undefined;
  }
}

/** Runs the job to its end; when it returns, no process of it is left. */
export async function runInLocalWorld(
  options: LocalWorldOptions,
  signals: StopSignals,
): Promise<LocalOutcome> {
  const { cluster, job, wake } = options;
  const polling = new AbortController();
  const poller = new ProgressPoller({
    addressFile: cluster.addressFile(0),
    jobUid: job.metadata.uid,
    onPoll: () => wake.call(),
  });
  const onAbort = (): void => wake.call();
  const onKill = (): void => cluster.kill();
  signals.stop.addEventListener('abort', onAbort);
  signals.kill.addEventListener('abort', onKill);
  const polled = poller.run(polling.signal);
  try {
    return await loop(options, poller, signals);
  } finally {
    polling.abort();
    await Promise.all([polled, cluster.shutDown(farewellMs)]);
    signals.stop.removeEventListener('abort', onAbort);
    signals.kill.removeEventListener('abort', onKill);
  }
}

async function loop(
  options: LocalWorldOptions,
  poller: ProgressPoller,
  signals: StopSignals,
): Promise<LocalOutcome> {
  const { cluster, observer, wake, runConfig } = options;
  let status: TrainingJobStatus | undefined;
  for (;;) {
    const job = withState(options.job, status, signals.stop.aborted);
    const pods = cluster.pods();
    const observed = observe({ job, runConfig, pods, cluster, progress: poller.latest });
    const decision = decide(observed);
    status = decision.status;
    // A failure is told once, at the end.
    if (status.phase !== 'Failed') decision.events.forEach(observer.onEvent);
    observer.onView({ job, status, progress: poller.latest, isStopping: signals.stop.aborted });
    const kind = endOf(status, pods, signals);
    if (kind) return { kind, status, summary: summaryOf(pods), progress: poller.latest };
    decision.remove.forEach((reference) => cluster.remove(reference));
    decision.apply.forEach((child) => cluster.apply(child));
    await wake.wait(Math.min(idleMs, (decision.requeueAfter ?? Infinity) * 1000 + 1));
  }
}

/** The job as an API server would hold it now. */
function withState(
  job: TrainingJob,
  status: TrainingJobStatus | undefined,
  isStopping: boolean,
): TrainingJob {
  return {
    ...job,
    spec: { ...job.spec, suspend: isStopping },
    ...(status ? { status } : {}),
  };
}

function observe(o: {
  job: TrainingJob;
  runConfig: RunConfig;
  pods: readonly Pod[];
  cluster: LocalCluster;
  progress: Progress | null;
}): Observed {
  return {
    job: o.job,
    runConfig: { kind: 'resolved', runConfig: o.runConfig },
    children: o.cluster.children(),
    pods: o.pods,
    progress: o.progress,
    // No image and no fixed port exists here; the cluster's own addresses replace them.
    settings: { image: 'local', grpcPort: 0, httpPort: 0 },
    now: Date.now(),
  };
}

function endOf(
  status: TrainingJobStatus,
  pods: readonly Pod[],
  { stop, kill }: StopSignals,
): LocalOutcome['kind'] | undefined {
  if (status.phase === 'Complete') return 'complete';
  if (status.phase === 'Failed') return 'failed';
  if (kill.aborted) return 'killed';
  const isAlive = pods.some(({ status: { phase } }) => phase === 'Running');
  return stop.aborted && !isAlive ? 'interrupted' : undefined;
}

/** The summary is in the last words of rank 0, whatever the verdict about it was. */
function summaryOf(pods: readonly Pod[]): Summary | undefined {
  return terminationsOf(pods).findLast(({ summary }) => summary !== undefined)?.summary;
}

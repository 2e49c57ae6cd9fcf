/**
 * The gradient of the global batch on every rank: computes this rank's share and sends each bucket
 * as soon as it is complete, while the backward pass goes on.
 */
import type { Batch } from '../data/batches.ts';
import type { AllReduceResult } from '../collective/collective.ts';
import type { Gang } from '../membership/gang.ts';
import type { TrainingStep } from '../step/training-step.ts';
import { encodeWorkerRow, type WorkerRow } from './progress-tracker.ts';

export interface ReductionTools {
  readonly gang: Gang;
  readonly step: TrainingStep;
  /** Monotonic seconds. */
  readonly clock: () => number;
}

export interface ReductionRequest {
  /** Samples of the step over all ranks. */
  readonly globalCount: number;
  /** Updates done before this one; the messages carry the next number. */
  readonly step: number;
  readonly randomKey: number;
  /** What this rank tells the others. */
  readonly row: WorkerRow;
}

/** Where the time went, for the row that the next step carries. */
export type ReductionFigures = Pick<
  WorkerRow,
  'compute' | 'communication' | 'wait' | 'samples' | 'bytes'
>;

/**
 * Releases the batch. Afterwards the arena holds the reduced buckets.
 * @throws Failure PeerLost where the gang came to its end.
 */
export async function reduceGradients(
  { gang, step, clock }: ReductionTools,
  batch: Batch,
  request: ReductionRequest,
): Promise<ReductionFigures> {
  const started = clock();
  const { buckets } = step.layout;
  const reductions: Promise<AllReduceResult>[] = [];
  const worker = { rank: gang.rank, row: encodeWorkerRow(request.row) };
  step.gradients(batch, { ...request, worker }, (bucket) => {
    const { offset = 0, length = 0 } = buckets[bucket] ?? {};
    const isExact = bucket === buckets.length - 1;
    const key = { step: request.step + 1, bucket };
    reductions.push(gang.collective.allReduce({ offset, length, ...key, isExact }));
  });
  const samples = batch.count;
  batch.release();
  const computed = clock();
  const reduced = await Promise.all(reductions);
  const blocked = clock() - computed;
  const wait = Math.min(blocked, Math.max(0, ...reduced.map(({ waitSeconds }) => waitSeconds)));
  return {
    compute: computed - started,
    communication: blocked - wait,
    wait,
    samples,
    bytes: reduced.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
  };
}

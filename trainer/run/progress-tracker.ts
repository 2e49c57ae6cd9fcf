/**
 * What the worker knows about its own progress, and the document it serves from that. Holds plain
 * values; measures nothing and decides nothing.
 */
import type { Phase, Progress, WorkerProgress } from '@tfjs-operator/api/progress.ts';
import { Throughput } from './throughput.ts';
import { WorkerWindow, type StepTimes, type WorkerSums } from './worker-window.ts';

/** What rank r tells the others about its last step, as floats in the reduced sums. */
export interface WorkerRow extends StepTimes {
  readonly samples: number;
  /** Bytes sent for all-reduces. */
  readonly bytes: number;
  /** 1 where the worker was asked to stop: all leave after the same step. */
  readonly stop: number;
}

/** The order of a row's floats in the reduced sums. */
const rowFields = [
  'compute',
  'apply',
  'communication',
  'wait',
  'data',
  'samples',
  'bytes',
  'stop',
] as const;

export const idleRow: WorkerRow = {
  compute: 0,
  apply: 0,
  communication: 0,
  wait: 0,
  data: 0,
  samples: 0,
  bytes: 0,
  stop: 0,
};

export function encodeWorkerRow(row: WorkerRow): number[] {
  return rowFields.map((field) => row[field]);
}

export function decodeWorkerRow(values: readonly number[]): WorkerRow {
  const entries = rowFields.map((field, index) => [field, values[index] ?? 0]);
  return Object.fromEntries(entries) as Record<(typeof rowFields)[number], number>;
}

export interface ProgressIdentity {
  readonly job: Progress['job'];
  readonly rank: number;
  readonly worldSize: number;
  readonly epochs: number;
}

export class ProgressTracker {
  readonly #identity: ProgressIdentity;
  readonly #now: () => Date;
  readonly #throughput = new Throughput();
  readonly #workers: WorkerWindow[];
  #values: Partial<Progress> = {};
  #totalSteps = 0;
  /** A whole batch; the last one of an epoch may be smaller. */
  #samplesPerStep = 0;

  constructor(identity: ProgressIdentity, now: () => Date) {
    this.#identity = identity;
    this.#now = now;
    this.#workers = Array.from({ length: identity.worldSize }, () => new WorkerWindow());
  }

  set(values: Partial<Omit<Progress, 'schemaVersion' | 'job' | 'rank' | 'workers'>>): void {
    this.#values = { ...this.#values, ...values };
    this.#totalSteps = values.totalSteps ?? this.#totalSteps;
  }

  /** @param rows the rows of all ranks, by rank; @param seconds monotonic time. */
  addStep(rows: readonly WorkerRow[], globalCount: number, seconds: number): void {
    this.#throughput.add(seconds, globalCount);
    this.#samplesPerStep = Math.max(this.#samplesPerStep, globalCount);
    for (const [rank, row] of rows.entries()) this.#workers[rank]?.add(seconds, row);
  }

  samplesPerSecond(): number {
    return this.#throughput.rate();
  }

  /** Figures of each worker since the last call of `startEpoch`. */
  epochSamplesPerSecond(): number[] {
    return this.#workers.map((worker) => rateOf(worker.sinceEpoch()));
  }

  startEpoch(): void {
    for (const worker of this.#workers) worker.startEpoch();
  }

  document(): Progress {
    const phase: Phase = this.#values.phase ?? 'starting';
    const step = this.#values.step ?? 0;
    const workers = this.#workerProgress();
    const slowest = this.#slowestRank();
    return {
      membershipEpoch: 0,
      phase,
      epoch: 0,
      step,
      totalSteps: this.#totalSteps,
      metrics: {},
      backend: null,
      execution: null,
      allReduce: { algorithm: '', reason: '', bytes: 0, seconds: 0 },
      checkpoint: null,
      ...this.#values,
      schemaVersion: 1,
      ...this.#identity,
      percent: this.#totalSteps === 0 ? 0 : round((100 * step) / this.#totalSteps, 2),
      samplesPerSecond: round(this.#throughput.rate(), 1),
      secondsRemaining: this.#secondsRemaining(step),
      workers,
      slowestRank: slowest,
      communicationShare: workers[slowest ?? 0]?.communicationShare ?? 0,
      lastUpdateTime: this.#now().toISOString(),
    };
  }

  #workerProgress(): WorkerProgress[] {
    return this.#workers.map((worker, rank) => {
      const recent = worker.recent();
      const all = Math.max(total(recent), 1e-9);
      return {
        rank,
        backend: this.#values.backend?.name ?? '',
        computeShare: round((recent.compute + recent.apply) / all, 4),
        communicationShare: round(recent.communication / all, 4),
        waitShare: round((recent.wait + recent.data) / all, 4),
        samplesPerSecond: round(rateOf(recent), 1),
      };
    });
  }

  /** The rank that computes longest: the one for which the others wait. */
  #slowestRank(): number | null {
    const times = this.#workers.map((worker) => {
      const { compute, apply, data } = worker.recent();
      return compute + apply + data;
    });
    const most = Math.max(...times);
    return most > 0 && times.length > 1 ? times.indexOf(most) : null;
  }

  #secondsRemaining(step: number): number | null {
    const rate = this.#throughput.rate();
    if (rate <= 0 || this.#totalSteps === 0) return null;
    return round(((this.#totalSteps - step) * this.#samplesPerStep) / rate, 1);
  }
}

function rateOf(sums: WorkerSums): number {
  return sums.samples / Math.max(total(sums), 1e-9);
}

function total(times: StepTimes): number {
  return times.compute + times.apply + times.communication + times.wait + times.data;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/**
 * The document that every worker serves at /progress. Rank 0's holds a row per worker; the
 * operator copies from it into status, and the terminal of `tfjsctl run` draws it.
 */

export type Phase =
  | 'starting'
  | 'joining'
  | 'loading'
  | 'training'
  | 'validating'
  | 'evaluating'
  | 'saving'
  | 'complete'
  | 'stopped'
  | 'failed';

/** Shares are fractions of wall time since the last step report, between 0 and 1. */
export interface WorkerProgress {
  readonly rank: number;
  readonly backend: string;
  readonly computeShare: number;
  readonly communicationShare: number;
  readonly waitShare: number;
  readonly samplesPerSecond: number;
}

export interface BackendChoice {
  readonly name: string;
  /** Why it was taken, and why each better one was not: never silent. */
  readonly reason: string;
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
}

/** How a worker computes the training step, and why so. */
export interface StepExecution {
  /** `compiled`: one graph per half of the step; `eager`: one operation at a time. */
  readonly mode: 'compiled' | 'eager';
  readonly reason: string;
}

export interface Progress {
  readonly schemaVersion: 1;
  readonly job: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly rank: number;
  readonly worldSize: number;
  readonly membershipEpoch: number;
  readonly phase: Phase;
  /** One sentence about the phase where there is something to say (a failure, a wait). */
  readonly message?: string;
  /** Passes over the training split, counted from 1; 0 before the first. */
  readonly epoch: number;
  readonly epochs: number;
  /** Optimizer updates done. */
  readonly step: number;
  readonly totalSteps: number;
  readonly percent: number;
  /** Samples per second of the whole gang over the last seconds. */
  readonly samplesPerSecond: number;
  readonly secondsRemaining: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly backend: BackendChoice | null;
  /** Null before the first step. It can change with the first steps. */
  readonly execution: StepExecution | null;
  readonly workers: readonly WorkerProgress[];
  readonly slowestRank: number | null;
  /** Share of the slowest worker's time that went into communication. */
  readonly communicationShare: number;
  readonly allReduce: {
    readonly algorithm: string;
    readonly reason: string;
    readonly bytes: number;
    readonly seconds: number;
  };
  readonly checkpoint: {
    readonly step: number;
    readonly uri: string;
    readonly digest: string;
    readonly time: string;
  } | null;
  readonly lastUpdateTime: string;
}

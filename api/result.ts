/**
 * What a finished run leaves: `result.json` in the output directory, and its `summary` in the
 * termination message, so that the result outlives the pod.
 */
import type { BackendChoice, StepExecution } from './progress.ts';

export interface Summary {
  readonly accuracy: number | null;
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly workers: number;
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  readonly backend: string;
  /** Bytes that all workers together sent for all-reduces. */
  readonly allReduceBytes: number;
  /** `sha256:…` over the model's weights and topology. */
  readonly modelDigest: string;
  /** URI as in spec.output.uri, or the folder itself when run locally. */
  readonly outputDirectory: string;
  readonly resumedFromStep: number | null;
}

export interface ClassFigures {
  readonly name: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

export interface EpochRecord {
  readonly epoch: number;
  readonly step: number;
  readonly seconds: number;
  /** Training figures by name, validation figures with the prefix `val_`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly samplesPerSecond: number;
  readonly workerSamplesPerSecond: readonly number[];
}

export interface StepRecord {
  readonly step: number;
  readonly loss: number;
}

export interface MembershipChange {
  readonly membershipEpoch: number;
  readonly worldSize: number;
  readonly step: number;
  readonly time: string;
  readonly reason: string;
}

/** A test sample that was read wrongly: pixels as 8-bit values, for the report. */
export interface WrongSample {
  readonly index: number;
  readonly label: string;
  readonly predicted: string;
  readonly confidence: number;
  /** [height, width, channels], absent where the features are no picture. */
  readonly shape?: readonly number[];
  readonly pixelsBase64?: string;
}

export interface Result {
  readonly schemaVersion: 1;
  readonly job: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly runConfigDigest: string;
  readonly summary: Summary;
  readonly backend: BackendChoice;
  /** How the steps ran at the end. */
  readonly execution: StepExecution;
  readonly startTime: string;
  readonly completionTime: string;
  readonly history: readonly EpochRecord[];
  /** At most 2,000 points, thinned evenly. */
  readonly steps: readonly StepRecord[];
  readonly membership: readonly MembershipChange[];
  readonly evaluation: {
    readonly split: string;
    readonly samples: number;
    readonly metrics: Readonly<Record<string, number>>;
    readonly require: Readonly<Record<string, number>>;
    readonly classNames: readonly string[];
    /** Rows: true class; columns: predicted class. Empty for regression. */
    readonly confusion: readonly (readonly number[])[];
    readonly classes: readonly ClassFigures[];
    readonly wrongSamples: readonly WrongSample[];
  } | null;
  readonly data: {
    readonly digest: string;
    readonly samples: Readonly<Record<'train' | 'validation' | 'test', number>>;
    readonly cleaning: readonly CleaningCount[];
  };
}

export interface CleaningCount {
  readonly rule: string;
  readonly action: 'drop' | 'fail';
  readonly dropped: number;
}

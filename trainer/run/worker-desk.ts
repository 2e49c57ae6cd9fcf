/**
 * Where others can look in: progress document, metrics, health, over HTTP. Open before anything is
 * loaded, so that a slow start can be seen, and until the worker has left.
 */
import { Registry } from 'prom-client';
import { openEndpoints } from '../endpoints/open-endpoints.ts';
import { trainerMetrics, type TrainerMetrics } from '../endpoints/trainer-metrics.ts';
import { terminationOf } from '../termination.ts';
import type { WorkerSettings } from '../worker-settings.ts';
import { ProgressTracker } from './progress-tracker.ts';

export interface WorkerDesk {
  readonly progress: ProgressTracker;
  readonly metrics: TrainerMetrics;
  /** `HOST:PORT` that was taken. */
  readonly httpAddress: string;
  /** Monotonic seconds. */
  readonly clock: () => number;
  /** Shows how the worker failed to whoever still asks. */
  fail(error: unknown): void;
  close(): Promise<void>;
}

/**
 * Where others can look in: progress document, metrics, health, over HTTP. Open before anything is
 * loaded, so that a slow start can be seen, and until the worker has left.
 */
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { createHeartbeat } from '../endpoints/heartbeat.ts';
import { openEndpoints } from '../endpoints/open-endpoints.ts';
import { trainerMetrics, type TrainerMetrics } from '../endpoints/trainer-metrics.ts';
import { terminationOf } from '../termination.ts';
import type { WorkerSettings } from '../worker-settings.ts';
import { ProgressTracker } from './progress-tracker.ts';

/** A worker that waits for a peer is not hung: the peer's own deadline must come first. */
const heartbeatPerTimeout = 3;
/** Loading data and compiling for a GPU take this long without a step. */
const leastHeartbeatSeconds = 600;

export interface WorkerDesk {
  readonly progress: ProgressTracker;
  readonly metrics: TrainerMetrics;
  /** `HOST:PORT` that was taken. */
  readonly httpAddress: string;
  /** Monotonic seconds. */
  readonly clock: () => number;
  /** RFC 3339 time at which the worker came to life. */
  readonly startTime: string;
  /** The worker made progress: a step, an evaluated batch. */
  beat(): void;
  setReady(): void;
  /** Shows how the worker failed to whoever still asks. */
  fail(error: unknown): void;
  close(): Promise<void>;
}

/** @throws Failure AddressInUse where the port is taken. */
export async function openWorkerDesk(options: {
  readonly settings: WorkerSettings;
  readonly log: Logger;
}): Promise<WorkerDesk> {
  const { settings, log } = options;
  const { runConfig, job, rank, replicas } = settings;
  const clock = (): number => performance.now() / 1000;
  const registry = new Registry();
  const metrics = trainerMetrics(registry);
  const { epochs, metrics: figures } = runConfig.training;
  const progress = new ProgressTracker(
    { job, rank, worldSize: replicas, epochs },
    () => new Date(),
  );
  const heartbeat = createHeartbeat(
    Math.max(leastHeartbeatSeconds, heartbeatPerTimeout * runConfig.allReduce.timeoutSeconds),
    clock,
  );
  let isReady = false;
  metrics.declareFigures([...figures, ...['loss', ...figures].map((name) => `val_${name}`)]);
  const endpoints = await openEndpoints({
    address: settings.httpAddress,
    metrics: registry,
    progress: () => progress.document(),
    isReady: () => isReady,
    isHealthy: heartbeat.isAlive,
    onError: (error) => log.error({ err: error }, 'an endpoint failed'),
  });
  log.info({ address: endpoints.address }, 'endpoints open');
  return {
    progress,
    metrics,
    httpAddress: endpoints.address,
    clock,
    startTime: new Date().toISOString(),
    beat: heartbeat.beat,
    setReady: () => {
      isReady = true;
    },
    fail: (error) => {
      isReady = false;
      progress.set({ phase: 'failed', message: terminationOf(error).message });
    },
    close: () => endpoints.close(),
  };
}

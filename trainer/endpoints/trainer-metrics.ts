/**
 * All metrics of a worker: names, help, units and label values, in one place. Label sets are closed
 * (phase, direction) or follow from the run config (metric), so the number of series is bounded;
 * all start at zero, so that a rate over the first minute is right.
 *
 * The registry is given: two workers in one process (tests) must not share figures.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Where the time of a step goes; the values of the label `phase`. */
export const stepPhases = ['compute', 'communication', 'wait', 'apply', 'data'] as const;
export type StepPhase = (typeof stepPhases)[number];

/** From a small MLP on a GPU (about 1 ms) to a large model on one core. */
const stepBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Gauges of prom-client with a counter's suffix: promtool (and so a user's lint) objects. */
const misnamedDefaults = ['handles', 'requests', 'resources'].map(
  (n) => `nodejs_active_${n}_total`,
);

export interface StepObservation {
  /** Wall time of the step. */
  readonly seconds: number;
  /** Optimizer updates done since the start of the run. */
  readonly step: number;
  /** Current pass over the training split, counted from 1. */
  readonly epoch: number;
  /** Samples that this worker has processed in the step. */
  readonly samples: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** Seconds by phase; a phase left out counts as 0. */
  readonly phases: Readonly<Partial<Record<StepPhase, number>>>;
}

/** What was exchanged since the last call. */
export interface AllReduceObservation {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly seconds: number;
}

/** What the process holds in tensors. */
export interface MemoryObservation {
  readonly tensors: number;
  readonly bytes: number;
  readonly nativeTensors: number;
}

export interface TrainerMetrics {
  setBuild(build: { readonly version: string; readonly backend: string }): void;
  observeStep(observation: StepObservation): void;
  addAllReduce(observation: AllReduceObservation): void;
  /** Shows metrics of the run config as 0 before they have a value. */
  declareFigures(names: readonly string[]): void;
  /** Loss and metrics by name, validation figures with the prefix `val_`. */
  setFigures(figures: Readonly<Record<string, number>>): void;
  /** @param unixSeconds when the state was taken. */
  setCheckpoint(step: number, unixSeconds: number): void;
  setMembership(membershipEpoch: number, worldSize: number): void;
  /** `read` is called at each scrape from now on; before, the figures are 0. */
  watchMemory(read: () => MemoryObservation): void;
}

/** @param now Unix time in seconds. */
export function trainerMetrics(
  registry: Registry,
  now: () => number = () => Date.now() / 1000,
): TrainerMetrics {
  collectDefaultMetrics({ register: registry });
  for (const name of misnamedDefaults) registry.removeSingleMetric(name);
  const gauge = (name: string, help: string): Gauge => aGauge(registry, name, help);
  const build = new Gauge({
    name: 'tfjs_trainer_build_info',
    help: 'Version of the trainer and backend that runs the model; always 1.',
    labelNames: ['version', 'backend'] as const,
    registers: [registry],
  });
  const figures = new Gauge({
    name: 'tfjs_trainer_metric',
    help: 'Latest value of a metric of the run config; 0 before the first.',
    labelNames: ['metric'] as const,
    registers: [registry],
  });
  const membershipEpoch = gauge('membership_epoch', 'Number of the current set of workers.');
  const worldSize = gauge('world_size', 'Workers in the gang; 0 before it is complete.');
  return {
    ...stepMetrics(registry),
    ...allReduceMetrics(registry),
    ...checkpointMetrics(registry, now),
    ...memoryMetrics(registry),
    setBuild: (labels) => {
      build.reset();
      build.set(labels, 1);
    },
    declareFigures: (names) => names.forEach((metric) => figures.set({ metric }, 0)),
    setFigures: (values) => {
      for (const [metric, value] of Object.entries(values)) figures.set({ metric }, value);
    },
    setMembership: (epoch, size) => {
      membershipEpoch.set(epoch);
      worldSize.set(size);
    },
  };
}

function stepMetrics(registry: Registry): Pick<TrainerMetrics, 'observeStep'> {
  const duration = new Histogram({
    name: 'tfjs_trainer_step_duration_seconds',
    help: 'Wall time of an optimizer step, in seconds.',
    buckets: stepBuckets,
    registers: [registry],
  });
  const phaseSeconds = new Counter({
    name: 'tfjs_trainer_step_phase_seconds_total',
    help: 'Time of this worker by phase of the step, in seconds.',
    labelNames: ['phase'] as const,
    registers: [registry],
  });
  for (const phase of stepPhases) phaseSeconds.inc({ phase }, 0);
  const samples = aCounter(registry, 'samples_total', 'Training samples processed by this worker.');
  const loss = aGauge(registry, 'loss', 'Training loss of the last step; 0 before the first.');
  const rate = aGauge(registry, 'learning_rate', 'Learning rate of the last step.');
  const norm = aGauge(registry, 'gradient_norm', 'Global norm of the last reduced gradient.');
  const step = aGauge(registry, 'step', 'Optimizer steps done, those before a resume included.');
  const epoch = aGauge(registry, 'epoch', 'Current pass over the training split, from 1.');
  return {
    observeStep: (o) => {
      duration.observe(o.seconds);
      for (const phase of stepPhases) phaseSeconds.inc({ phase }, grown(o.phases[phase] ?? 0));
      samples.inc(o.samples);
      loss.set(o.loss);
      rate.set(o.learningRate);
      norm.set(o.gradientNorm);
      step.set(o.step);
      epoch.set(o.epoch);
    },
  };
}

function allReduceMetrics(registry: Registry): Pick<TrainerMetrics, 'addAllReduce'> {
  const bytes = new Counter({
    name: 'tfjs_trainer_all_reduce_bytes_total',
    help: 'Bytes that this worker exchanged for all-reduces.',
    labelNames: ['direction'] as const,
    registers: [registry],
  });
  for (const direction of ['sent', 'received'] as const) bytes.inc({ direction }, 0);
  const help = 'Time from the first bucket handed over to the last one reduced, in seconds.';
  const seconds = aCounter(registry, 'all_reduce_seconds_total', help);
  return {
    addAllReduce: (o) => {
      bytes.inc({ direction: 'sent' }, grown(o.bytesSent));
      bytes.inc({ direction: 'received' }, grown(o.bytesReceived));
      seconds.inc(grown(o.seconds));
    },
  };
}

function checkpointMetrics(
  registry: Registry,
  now: () => number,
): Pick<TrainerMetrics, 'setCheckpoint'> {
  const step = aGauge(registry, 'checkpoint_step', 'Step of the last durable checkpoint.');
  const help = 'Unix time of the last durable checkpoint; 0 before the first.';
  const time = aGauge(registry, 'checkpoint_timestamp_seconds', help);
  let safeUntil = now();
  new Gauge({
    name: 'tfjs_trainer_checkpoint_age_seconds',
    help: 'Work at risk: seconds since the last durable checkpoint, or since the start.',
    registers: [registry],
    collect() {
      this.set(grown(now() - safeUntil));
    },
  });
  return {
    setCheckpoint: (savedStep, unixSeconds) => {
      safeUntil = unixSeconds;
      step.set(savedStep);
      time.set(unixSeconds);
    },
  };
}

function memoryMetrics(registry: Registry): Pick<TrainerMetrics, 'watchMemory'> {
  let read = (): MemoryObservation => ({ tensors: 0, bytes: 0, nativeTensors: 0 });
  const onScrape = (name: string, help: string, pick: (now: MemoryObservation) => number): void => {
    new Gauge({
      name: `tfjs_trainer_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(pick(read()));
      },
    });
  };
  onScrape(
    'tensors',
    'Tensors alive in TensorFlow.js; steady from step to step.',
    (m) => m.tensors,
  );
  onScrape('tensor_bytes', 'Bytes of the tensors alive in TensorFlow.js.', (m) => m.bytes);
  const help = "Tensors that TensorFlow's addon holds; 0 on other backends.";
  onScrape('native_tensors', help, (m) => m.nativeTensors);
  return {
    watchMemory: (source) => {
      read = source;
    },
  };
}

function aGauge(registry: Registry, name: string, help: string): Gauge {
  return new Gauge({ name: `tfjs_trainer_${name}`, help, registers: [registry] });
}

function aCounter(registry: Registry, name: string, help: string): Counter {
  return new Counter({ name: `tfjs_trainer_${name}`, help, registers: [registry] });
}

/** A difference of clocks may come out a hair below zero; a counter throws at that. */
function grown(value: number): number {
  return Math.max(0, value);
}

/**
 * A cluster for one TrainingJob in the memory of a test: it obeys every decision, keeps the status,
 * and lets the test play the kubelet. Time moves only when the test says so.
 */
import type { Progress } from '@tfjs-operator/api/progress.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { decide } from '../decide.ts';
import type { ContainerStatus, KubernetesObject, Pod, TerminatedState } from '../kubernetes.ts';
import { labelKeys } from '../reasons.ts';
import { timestamp } from '../timestamp.ts';
import type { TrainingJob, TrainingJobSpec } from '../training-job.ts';
import { assertStored } from './assert-stored.ts';
import type { Decision, Observed, RunConfigResolution } from '../types.ts';

export const start = Date.parse('2026-01-01T00:00:00Z');

export const runConfig = {
  apiVersion: 'tfjs-operator.io/v1alpha1',
  kind: 'RunConfig',
  job: { name: 'mnist', namespace: 'ml' },
  model: { weights: { uri: 'pvc://models/weights' } },
  dataset: { uri: 'pvc://data/mnist' },
  checkpoint: { uri: 'pvc://output/checkpoints', keep: 3 },
  output: { uri: 'pvc://output/model', formats: ['layers-model'], quantization: 'none' },
  digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
} as unknown as RunConfig;

export interface WorldOptions {
  readonly replicas?: number;
  readonly spec?: Partial<TrainingJobSpec>;
}

export class World {
  job: TrainingJob;
  now = start;
  runConfig: RunConfigResolution = { kind: 'resolved', runConfig };
  progress: Progress | null = null;
  readonly children = new Map<string, KubernetesObject>();
  readonly #containers = new Map<number, ContainerStatus>();

  constructor({ replicas = 2, spec = {} }: WorldOptions = {}) {
    const uid = '3d8f-uid';
    this.job = {
      apiVersion: 'tfjs-operator.io/v1alpha1',
      kind: 'TrainingJob',
      metadata: { name: 'mnist', namespace: 'ml', uid, generation: 1 },
      spec: { workers: { replicas }, output: { uri: 'pvc://output/model' }, ...spec },
    };
  }

  /** Decides and obeys; a status that the API server would refuse is an error of every test. */
  pass(): Decision {
    const decision = decide(this.observed());
    assertStored(decision.status);
    this.job = { ...this.job, status: decision.status };
    for (const child of decision.apply) this.children.set(keyOf(child), child);
    for (const { kind, name } of decision.remove) this.children.delete(`${kind}/${name}`);
    return decision;
  }

  observed(): Observed {
    return {
      job: this.job,
      runConfig: this.runConfig,
      children: [...this.children.values()],
      pods: this.pods(),
      progress: this.progress,
      settings: { image: 'trainer:1', grpcPort: 7070, httpPort: 9090 },
      now: this.now,
    };
  }

  pods(): readonly Pod[] {
    return [...this.#containers].map(([rank, status]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `mnist-${rank}`,
        namespace: 'ml',
        labels: { [labelKeys.completionIndex]: `${rank}` },
      },
      status: { phase: 'Running', containerStatuses: [status] },
    }));
  }

  wait(seconds: number): this {
    this.now += seconds * 1000;
    return this;
  }

  set(spec: Partial<TrainingJobSpec>): this {
    const generation = (this.job.metadata.generation ?? 0) + 1;
    const metadata = { ...this.job.metadata, generation };
    this.job = { ...this.job, metadata, spec: { ...this.job.spec, ...spec } };
    return this;
  }

  /** The containers of these ranks run from now on. */
  run(...ranks: readonly number[]): this {
    return this.#start(ranks, true);
  }

  /** They run, but their peers cannot reach them yet. */
  begin(...ranks: readonly number[]): this {
    return this.#start(ranks, false);
  }

  end(rank: number, exitCode: number, message?: string, more: Partial<TerminatedState> = {}): this {
    const before = this.#containers.get(rank);
    const terminated: TerminatedState = {
      exitCode,
      ...(message === undefined ? {} : { message }),
      startedAt: before?.state.running?.startedAt ?? timestamp(this.now),
      finishedAt: timestamp(this.now),
      ...more,
    };
    this.#containers.set(rank, {
      name: 'worker',
      ready: false,
      restartCount: before?.restartCount ?? 0,
      state: { terminated },
      ...(before?.lastState ? { lastState: before.lastState } : {}),
    });
    return this;
  }

  deletePods(): this {
    this.#containers.clear();
    return this;
  }

  /** Rank 0 reports. */
  report(progress: Partial<Progress>): this {
    this.progress = { ...aProgress, lastUpdateTime: timestamp(this.now), ...progress };
    return this;
  }

  #start(ranks: readonly number[], ready: boolean): this {
    for (const rank of ranks) {
      const before = this.#containers.get(rank);
      const ended = before?.state.terminated;
      this.#containers.set(rank, {
        name: 'worker',
        ready,
        restartCount: (before?.restartCount ?? 0) + (ended ? 1 : 0),
        state: { running: before?.state.running ?? { startedAt: timestamp(this.now) } },
        ...(ended ? { lastState: { terminated: ended } } : {}),
      });
    }
    return this;
  }
}

function keyOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name}`;
}

const aProgress: Progress = {
  schemaVersion: 1,
  job: { name: 'mnist', namespace: 'ml', uid: '3d8f-uid' },
  rank: 0,
  worldSize: 2,
  membershipEpoch: 1,
  phase: 'training',
  epoch: 1,
  epochs: 5,
  step: 10,
  totalSteps: 100,
  percent: 10.4,
  samplesPerSecond: 800,
  secondsRemaining: 61.7,
  metrics: { loss: 0.5 },
  backend: { name: 'wasm', reason: 'the fastest that works', rejected: [] },
  execution: null,
  workers: [],
  slowestRank: 1,
  communicationShare: 0.25,
  allReduce: { algorithm: 'ring', reason: '', bytes: 0, seconds: 0 },
  checkpoint: null,
  lastUpdateTime: '',
};

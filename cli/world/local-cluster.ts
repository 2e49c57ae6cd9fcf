/**
 * The children of a TrainingJob on this machine: a ConfigMap is a file, a headless Service a folder
 * of address files, an Indexed Job a set of processes. Does what `decide` asks and reports what is
 * there in Kubernetes' words; it decides nothing itself.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '@tfjs-operator/api/environment.ts';
import type {
  ConfigMap,
  Job,
  KubernetesObject,
  Pod,
} from '@tfjs-operator/operator/trainingjob/kubernetes.ts';
import { labelKeys } from '@tfjs-operator/operator/trainingjob/reasons.ts';
import type { Child, ObjectReference } from '@tfjs-operator/operator/trainingjob/types.ts';
import { WorkerProcess, type WorkerCommand } from './worker-process.ts';

export interface LocalClusterOptions {
  /** A folder of this run alone, mode 0700: addresses, volumes, termination messages. */
  readonly stateFolder: string;
  /** Where the logs go. */
  readonly runFolder: string;
  readonly command: WorkerCommand;
  /** What the workers inherit: PATH, HOME and so on. */
  readonly inheritedEnv: Readonly<Record<string, string | undefined>>;
  /** First port of the workers, or 0 for free ones. */
  readonly basePort: number;
  readonly onChange: () => void;
}

/** Logs of the run before: a run appends to its own only. */
const logName = /^rank-\d+\.log$/;

/** What a worker gets that is removed for good: no checkpoint is awaited from it. */
const removalGraceMs = 10_000;

export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #workers = new Map<number, WorkerProcess>();
  #configFolder: string | undefined;

  constructor(options: LocalClusterOptions) {
    this.#options = options;
    for (const name of readdirSync(options.runFolder).filter((file) => logName.test(file))) {
      rmSync(join(options.runFolder, name));
    }
    for (const name of ['peers', 'termination', 'configmaps']) {
      mkdirSync(join(options.stateFolder, name), { recursive: true, mode: 0o700 });
    }
  }

  children(): readonly KubernetesObject[] {
    return [...this.#objects.values()];
  }

  pods(): readonly Pod[] {
    return [...this.#workers.values()].map((worker) => worker.pod());
  }

  /** Address file of a rank in the peers folder. */
  addressFile(rank: number): string {
    return join(this.#options.stateFolder, 'peers', `rank-${rank}.json`);
  }

  logFile(rank: number): string {
    return join(this.#options.runFolder, `rank-${rank}.log`);
  }

  apply(child: Child): void {
    this.#objects.set(keyOf(child), child);
    if (child.kind === 'ConfigMap') this.#writeConfigMap(child);
    if (child.kind === 'Job') this.#runJob(child);
  }

  remove(reference: ObjectReference): void {
    this.#objects.delete(keyOf({ kind: reference.kind, metadata: reference }));
    if (reference.kind === 'Job') this.#stopWorkers(removalGraceMs);
    if (reference.kind === 'Pod') this.#replaceWorker(reference.name);
  }

  /** Ends what still runs and waits for it: at once after `graceMs`. */
  async shutDown(graceMs: number): Promise<void> {
    this.#stopWorkers(graceMs);
    await Promise.all([...this.#workers.values()].map((worker) => worker.ended));
  }

  /** Ends all workers without asking. */
  kill(): void {
    for (const worker of this.#workers.values()) worker.kill();
  }

  #writeConfigMap({ metadata, data }: ConfigMap): void {
    const folder = join(this.#options.stateFolder, 'configmaps', metadata.name);
    this.#configFolder = folder;
    // A ConfigMap of ours is immutable: what is there is right.
    if (existsSync(folder)) return;
    mkdirSync(folder, { mode: 0o700 });
    for (const [key, value] of Object.entries(data)) writeFileSync(join(folder, key), value);
  }

  /** What Kubernetes' Job controller does with an Indexed Job. */
  #runJob(job: Job): void {
    if (job.spec.suspend) {
      this.#stopWorkers((job.spec.template.spec.terminationGracePeriodSeconds ?? 30) * 1000);
      this.#forgetEnded();
      return;
    }
    for (let rank = 0; rank < job.spec.parallelism; rank++) {
      if (this.#workers.has(rank)) continue;
      const worker = this.#createWorker(job, rank);
      this.#workers.set(rank, worker);
      worker.start();
    }
  }

  #stopWorkers(graceMs: number): void {
    for (const worker of this.#workers.values()) worker.stop(graceMs);
  }

  /** Pods of a suspended Job are deleted once they ended; one that succeeded stays to be seen. */
  #forgetEnded(): void {
    for (const [rank, worker] of this.#workers) {
      const phase = worker.pod().status.phase;
      if (phase === 'Failed') this.#workers.delete(rank);
    }
  }

  #replaceWorker(name: string): void {
    for (const [rank, worker] of this.#workers) {
      if (worker.pod().metadata.name !== name) continue;
      worker.stop(removalGraceMs);
      // The Job controller makes a new pod of the same index when the old one is gone.
      void worker.ended.then(() => {
        if (this.#workers.get(rank) === worker) this.#workers.delete(rank);
        this.#options.onChange();
      });
    }
  }

  #createWorker(job: Job, rank: number): WorkerProcess {
    const { command, onChange, stateFolder } = this.#options;
    const address = this.addressFile(rank);
    const { name, namespace } = job.metadata;
    const labels = {
      ...job.spec.template.metadata?.labels,
      [labelKeys.completionIndex]: `${rank}`,
    };
    return new WorkerProcess({
      metadata: { name: `${name}-${rank}`, namespace, uid: `${name}-${rank}`, labels },
      command,
      env: this.#environmentOf(job, rank),
      logFile: this.logFile(rank),
      terminationFile: join(stateFolder, 'termination', `rank-${rank}`),
      isReady: () => existsSync(address),
      onStart: () => rmSync(address, { force: true }),
      onChange,
    });
  }

  /** The environment of the pod template, with this machine's places instead of the pod's. */
  #environmentOf(job: Job, rank: number): Record<string, string> {
    const { stateFolder, inheritedEnv, basePort } = this.#options;
    const replicas = job.spec.completions;
    const port = (offset: number): number => (basePort === 0 ? 0 : basePort + offset);
    const template = job.spec.template.spec.containers[0]?.env ?? [];
    // A value from a Secret or ConfigMap is not known here; ours of that name stands in, if any.
    const literal = template
      .filter(({ value }) => value !== undefined)
      .map(({ name, value }) => [name, value] as const);
    const values: Readonly<Record<string, string | undefined>> = {
      ...inheritedEnv,
      ...Object.fromEntries(literal),
      [environment.runConfig]: join(this.#configFolder ?? stateFolder, 'run-config.json'),
      [environment.rank]: `${rank}`,
      [environment.peers]: `dir:${join(stateFolder, 'peers')}`,
      [environment.httpAddress]: `127.0.0.1:${port(rank)}`,
      [environment.grpcAddress]: `127.0.0.1:${port(replicas + rank)}`,
      [environment.volumeRoot]: join(stateFolder, 'volumes'),
      [environment.terminationLog]: join(stateFolder, 'termination', `rank-${rank}`),
      [environment.parentFd]: '0',
    };
    const set = Object.entries(values).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return Object.fromEntries(set);
  }
}

function keyOf({ kind, metadata }: { kind: string; metadata: { readonly name: string } }): string {
  return `${kind}/${metadata.name}`;
}

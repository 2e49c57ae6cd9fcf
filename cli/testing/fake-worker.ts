/**
 * A worker that keeps the contract with the local world (environment, address file, /progress,
 * termination message, exit codes, SIGTERM, parent's pipe, checkpoints) and trains nothing. What it
 * does is told by FAKE_PLAN, as JSON.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { environment } from '@tfjs-operator/api/environment.ts';
import { exitStatuses, type ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import type { Phase, Progress } from '@tfjs-operator/api/progress.ts';
import type { Result, Summary } from '@tfjs-operator/api/result.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';

export interface FakePlan {
  readonly steps?: number;
  readonly stepMs?: number;
  /** The n-th life of a rank ends at a step with a reason, an exit code or a signal. */
  readonly ends?: readonly {
    readonly rank: number;
    readonly life: number;
    readonly step: number;
    readonly reason?: ExitReason;
    readonly message?: string;
    readonly signal?: NodeJS.Signals;
    /** Exits without a termination message, after this line in the log. */
    readonly log?: string;
  }[];
  /** Does not react to SIGTERM. */
  readonly isDeaf?: boolean;
  /** The accuracy at the end misses this bound: exit code 12. */
  readonly require?: number;
  /** Each start is noted here with its process id. */
  readonly startsFile?: string;
}

const env = process.env;
const value = (name: string): string => {
  const text = env[name];
  if (text === undefined) throw new Error(`${name} is not set`);
  return text;
};

const plan = JSON.parse(env['FAKE_PLAN'] ?? '{}') as FakePlan;
const steps = plan.steps ?? 10;
const rank = Number(value(environment.rank));
const replicas = Number(value(environment.replicas));
const config = JSON.parse(readFileSync(value(environment.runConfig), 'utf8')) as RunConfig;
const terminationLog = value(environment.terminationLog);
const job = {
  name: value(environment.jobName),
  namespace: value(environment.jobNamespace),
  uid: value(environment.jobUid),
};
const path = (uri: string): string => uri.replace('pvc://', `${value(environment.volumeRoot)}/`);
const checkpoints = config.checkpoint.uri === undefined ? undefined : path(config.checkpoint.uri);
const output = path(config.output.uri);

const livesFile = `${terminationLog}.lives`;
appendFileSync(livesFile, 'x');
const life = readFileSync(livesFile, 'utf8').length;
if (plan.startsFile) appendFileSync(plan.startsFile, `${rank} ${process.pid}\n`);

if (env[environment.parentFd] !== '0') throw new Error('no pipe of the parent on standard input');
process.stdin.on('end', () => process.exit(exitStatuses.Interrupted.code)).resume();

const resumedFromStep = newestStep();
let step = resumedFromStep ?? 0;
let phase: Phase = 'training';
let isStopping = false;
process.on('SIGTERM', () => {
  isStopping = !plan.isDeaf;
});

const server = createServer((_request, response) => response.end(JSON.stringify(progress())));
const [host, port] = value(environment.httpAddress).split(':');
server.listen(Number(port), host, () => {
  const { port: taken } = server.address() as AddressInfo;
  const folder = value(environment.peers).replace(/^dir:/, '');
  writeFileSync(join(folder, `rank-${rank}.json`), JSON.stringify({ http: `127.0.0.1:${taken}` }));
  setInterval(tick, plan.stepMs ?? 20);
});

function tick(): void {
  const due = plan.ends?.find((e) => e.rank === rank && e.life === life && step >= e.step);
  if (due?.signal) process.kill(process.pid, due.signal);
  if (due?.log !== undefined) {
    process.stderr.write(`${due.log}\n`);
    process.exit(exitStatuses.InternalError.code);
  }
  if (due?.reason) return leave(due.reason, due.message ?? '');
  if (isStopping) {
    save();
    return leave('Interrupted', 'Asked to stop.');
  }
  if (step < steps) {
    step += 1;
    return;
  }
  finish();
}

function finish(): void {
  if (rank > 0) return leave('Complete', '');
  // As a real gang, it ends only after all of it began.
  if (!isGangComplete()) return;
  phase = 'saving';
  mkdirSync(output, { recursive: true });
  const accuracy = 0.97;
  save();
  const isUnmet = plan.require !== undefined && accuracy < plan.require;
  writeFileSync(join(output, 'result.json'), JSON.stringify(result(accuracy)));
  if (isUnmet)
    leave('RequirementUnmet', `accuracy 0.97 is below ${plan.require}.`, summary(accuracy));
  else leave('Complete', '', summary(accuracy));
}

function isGangComplete(): boolean {
  const folder = value(environment.peers).replace(/^dir:/, '');
  return Array.from({ length: replicas }, (_, peer) => join(folder, `rank-${peer}.json`)).every(
    (file) => existsSync(file),
  );
}

function leave(reason: ExitReason, message: string, end?: Summary): void {
  const words = { reason, message, ...(end ? { summary: end } : {}) };
  writeFileSync(terminationLog, JSON.stringify(words));
  process.exit(exitStatuses[reason].code);
}

function save(): void {
  if (rank > 0 || checkpoints === undefined) return;
  const folder = join(checkpoints, `step-${step}`);
  mkdirSync(folder, { recursive: true });
  const manifest = { schemaVersion: 1, step, runConfigDigest: config.digest };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

function newestStep(): number | null {
  if (checkpoints === undefined || !existsSync(checkpoints)) return null;
  const found = readdirSync(checkpoints).map((name) => Number(name.replace('step-', '')));
  return found.length > 0 ? Math.max(...found) : null;
}

function progress(): Progress {
  return {
    schemaVersion: 1,
    job,
    rank,
    worldSize: replicas,
    membershipEpoch: 1,
    phase,
    epoch: 1,
    epochs: 1,
    step,
    totalSteps: steps,
    percent: (100 * step) / steps,
    samplesPerSecond: 1234.5,
    secondsRemaining: 1,
    metrics: { loss: 1 / (1 + step), accuracy: step / steps },
    backend: { name: 'cpu', reason: 'fake', rejected: [] },
    execution: null,
    workers: Array.from({ length: replicas }, (_, index) => ({
      rank: index,
      backend: 'cpu',
      computeShare: 0.7,
      communicationShare: 0.2,
      waitShare: 0.1,
      samplesPerSecond: 617,
    })),
    slowestRank: 0,
    communicationShare: 0.2,
    allReduce: { algorithm: 'ring', reason: 'fake', bytes: 10, seconds: 1 },
    checkpoint: null,
    lastUpdateTime: new Date().toISOString(),
  };
}

function summary(accuracy: number): Summary {
  return {
    accuracy,
    loss: 0.1,
    metrics: { accuracy, loss: 0.1 },
    workers: replicas,
    steps,
    epochs: 1,
    seconds: 1.5,
    samplesPerSecond: 1234.5,
    backend: 'cpu',
    allReduceBytes: 2048,
    modelDigest: `sha256:${'ab'.repeat(32)}`,
    outputDirectory: config.output.uri,
    resumedFromStep,
  };
}

function result(accuracy: number): Partial<Result> {
  return {
    summary: summary(accuracy),
    evaluation: {
      split: 'test',
      samples: 100,
      metrics: { accuracy, loss: 0.1 },
      require: plan.require === undefined ? { accuracy: 0.9 } : { accuracy: plan.require },
      classNames: ['zero', 'one'],
      confusion: [
        [49, 1],
        [2, 48],
      ],
      classes: [],
      wrongSamples: [],
    },
  };
}

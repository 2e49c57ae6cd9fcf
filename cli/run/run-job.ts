/**
 * One local run from a checked job to an exit code: folders, resume plan, the world, the report.
 * The order is the story; each step is a function of the file that owns it.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import { claimsOf } from '@tfjs-operator/operator/trainingjob/claims.ts';
import type { TrainingJob } from '@tfjs-operator/operator/trainingjob/training-job.ts';
import type { Display } from '../terminal/display.ts';
import { isBelow, newestCheckpoint, removeCheckpoints } from '../world/checkpoints.ts';
import { LocalCluster } from '../world/local-cluster.ts';
import {
  runInLocalWorld,
  Wake,
  type LocalOutcome,
  type StopSignals,
} from '../world/local-world.ts';
import { assertPortsFree } from '../world/ports.ts';
import { planResume, type ResumePlan } from '../world/resume-plan.ts';
import {
  assertNotRunning,
  makeRunFolder,
  readRecord,
  removeLeftovers,
  stateFolderPrefix,
  writeRecord,
  type RunRecord,
} from '../world/run-record.ts';
import { findVolumes, linkVolumes, type Volumes } from '../world/volumes.ts';
import type { WorkerCommand } from '../world/worker-process.ts';
import { failureOf } from './exit-code.ts';
import type { RunOptions } from './run-options.ts';

export interface LoadedJob {
  /** The manifest; its uid is given here. */
  readonly job: Pick<TrainingJob, 'apiVersion' | 'kind' | 'spec'> & {
    readonly metadata: { readonly name: string; readonly namespace?: string };
  };
  readonly runConfig: RunConfig;
}

export interface RunContext {
  readonly command: WorkerCommand;
  readonly temporaryFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly display: Display;
  readonly signals: StopSignals;
}

/** A run that came to its end, whichever it was. */
export interface FinishedRun {
  readonly outcome: LocalOutcome;
  readonly runFolder: string;
  /** The real output folder; undefined where it is not on this machine. */
  readonly outputFolder: string | undefined;
  readonly checkpointFolder: string | undefined;
  /** Step of the newest checkpoint on disk. */
  readonly checkpointStep: number | undefined;
}

/**
 * @throws Failure before anything is started: a missing volume, a run that goes on already,
 * checkpoints of another configuration.
 */
export async function runJob(
  loaded: LoadedJob,
  options: RunOptions,
  context: RunContext,
): Promise<FinishedRun> {
  const { runConfig } = loaded;
  const runFolder = join(options.runs, loaded.job.metadata.name);
  const record = readRecord(runFolder);
  assertNotRunning(runFolder, record);
  if (options.port > 0) await assertPortsFree(options.port, loaded.job.spec.workers.replicas);
  const volumes = findVolumes({
    claims: claimsOf(runConfig),
    given: options.volumes,
    defaultDirectory: join(options.runs, 'volumes'),
  });
  const { uri } = runConfig.checkpoint;
  const checkpointFolder = uri === undefined ? undefined : volumes.pathOf(uri);
  const plan = prepareCheckpoints(checkpointFolder, { record, runConfig, options });
  if (plan.note) context.display.note(plan.note);
  const jobUid = plan.isContinued && record ? record.uid : randomUUID();
  const running: RunRecord = { uid: jobUid, runConfigDigest: runConfig.digest, outcome: 'Running' };
  makeRunFolder(runFolder);
  removeLeftovers(record);
  // Made with mode 0700: the addresses in it let nobody else join the gang.
  const stateFolder = mkdtempSync(join(context.temporaryFolder, stateFolderPrefix));
  writeRecord(runFolder, { ...running, pid: process.pid, stateFolder });
  const places = { runFolder, stateFolder, volumes };
  const outcome = await runWorld(withUid(loaded, jobUid), places, { options, context });
  writeRecord(runFolder, { ...running, outcome: outcomeName(outcome) });
  return {
    outcome,
    runFolder,
    outputFolder: volumes.pathOf(runConfig.output.uri),
    checkpointFolder,
    checkpointStep:
      checkpointFolder === undefined ? undefined : newestCheckpoint(checkpointFolder)?.step,
  };
}

function prepareCheckpoints(
  directory: string | undefined,
  o: {
    readonly record: RunRecord | undefined;
    readonly runConfig: RunConfig;
    readonly options: RunOptions;
  },
): ResumePlan {
  const plan = planResume({
    directory,
    newest: directory === undefined ? undefined : newestCheckpoint(directory),
    isOurs: directory !== undefined && isBelow(directory, o.options.runs),
    record: o.record,
    runConfigDigest: o.runConfig.digest,
    isFresh: o.options.isFresh,
  });
  if (plan.removesCheckpoints && directory !== undefined) removeCheckpoints(directory);
  return plan;
}

function withUid(
  { job, runConfig }: LoadedJob,
  uid: string,
): { job: TrainingJob; runConfig: RunConfig } {
  const { apiVersion, kind, spec } = job;
  const { name, namespace = 'default' } = job.metadata;
  return {
    job: { apiVersion, kind, spec, metadata: { name, namespace, uid, generation: 1 } },
    runConfig,
  };
}

async function runWorld(
  { job, runConfig }: { readonly job: TrainingJob; readonly runConfig: RunConfig },
  places: { readonly runFolder: string; readonly stateFolder: string; readonly volumes: Volumes },
  { options, context }: { readonly options: RunOptions; readonly context: RunContext },
): Promise<LocalOutcome> {
  const { runFolder, stateFolder, volumes } = places;
  const { command, env, display, signals } = context;
  try {
    linkVolumes(volumes, join(stateFolder, 'volumes'));
    const wake = new Wake();
    const cluster = new LocalCluster({
      stateFolder,
      runFolder,
      command,
      inheritedEnv: env,
      basePort: options.port,
      onChange: () => wake.call(),
    });
    const observer = { onView: display.update, onEvent: display.event };
    return await runInLocalWorld({ job, runConfig, cluster, observer, wake }, signals);
  } finally {
    display.close();
    rmSync(stateFolder, { recursive: true, force: true });
  }
}

function outcomeName({ kind, status }: LocalOutcome): string {
  if (kind === 'complete') return 'Complete';
  return kind === 'failed' ? (failureOf(status)?.reason ?? 'Failed') : 'Interrupted';
}

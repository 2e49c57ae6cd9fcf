/**
 * From a worker that is ready to a member of a gang that holds one state: join, open checkpoints on
 * rank 0, and receive the state that rank 0 found or made.
 */
import type { Logger } from 'pino';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { Gang } from '../membership/gang.ts';
import type { TrainingState } from '../checkpoint/training-state.ts';
import { joinGang } from '../membership/join-gang.ts';
import { volumeOf } from '../resolve-uri.ts';
import type { WorkerSettings } from '../worker-settings.ts';
import { broadcastState } from './broadcast-state.ts';
import {
  cursorOf,
  noCheckpoints,
  openJobCheckpoints,
  stateOf,
  type JobCheckpoints,
} from './job-checkpoints.ts';
import { assertOutputWritable } from './output-folder.ts';
import type { PreparedRun } from './prepare-run.ts';
import { newRunMemory } from './run-memory.ts';
import type { TrainingCursor } from './training-loop.ts';
import type { WorkerDesk } from './worker-desk.ts';

/** How long the first workers wait for the last: image pulls and node starts take minutes. */
const startTimeoutSeconds = 600;

export interface JoinedRun {
  readonly gang: Gang;
  readonly checkpoints: JobCheckpoints;
  readonly cursor: TrainingCursor;
  /** Step of the checkpoint from which this run goes on; null where it starts anew. */
  readonly resumedFromStep: number | null;
}

export interface JoinOptions {
  readonly settings: WorkerSettings;
  readonly log: Logger;
  readonly stop: AbortSignal;
}

/** @throws Failure GangIncomplete, PeerLost, AddressInUse, StorageError or CheckpointError. */
export async function joinRun(
  options: JoinOptions,
  run: PreparedRun,
  desk: WorkerDesk,
): Promise<JoinedRun> {
  const { settings, log } = options;
  desk.progress.set({ phase: 'joining' });
  // Opened before the gang waits for this worker: a volume that cannot be used fails the job early.
  await tryOutputOnRankZero(settings, run);
  const checkpoints = await openCheckpointsOnRankZero(options, run, desk);
  const saved = await checkpoints.load();
  const gang = await joinGang({
    rank: settings.rank,
    replicas: settings.replicas,
    jobUid: settings.job.uid,
    peers: settings.peers,
    grpcAddress: settings.grpcAddress,
    httpAddress: desk.httpAddress,
    backend: run.backend.name,
    arena: run.step.arena.buffer as SharedArrayBuffer,
    allReduce: run.runConfig.allReduce,
    startTimeoutSeconds,
    ...(settings.tlsDirectory === undefined ? {} : { tls: settings.tlsDirectory }),
    lastKnownEpoch: lastEpochOf(saved),
    signal: options.stop,
  });
  const { membershipEpoch, worldSize, collective } = gang;
  log.info({ membershipEpoch, worldSize, algorithm: collective.algorithm }, 'gang complete');
  desk.progress.set({ membershipEpoch, worldSize });
  desk.metrics.setMembership(membershipEpoch, worldSize);
  desk.setReady();
  const received = await receiveState(options, { run, gang, saved });
  return { gang, checkpoints, ...received };
}

async function tryOutputOnRankZero(settings: WorkerSettings, run: PreparedRun): Promise<void> {
  if (settings.rank !== 0) return;
  const { uri } = run.runConfig.output;
  await assertOutputWritable(run.resolve(uri), run.resolve(volumeOf(uri)));
}

function openCheckpointsOnRankZero(
  { settings, log }: JoinOptions,
  run: PreparedRun,
  desk: WorkerDesk,
): Promise<JobCheckpoints> {
  if (settings.rank !== 0) return Promise.resolve(noCheckpoints);
  return openJobCheckpoints({
    runConfig: run.runConfig,
    resolve: run.resolve,
    step: run.step,
    datasetDigest: run.dataset.digest,
    log,
    clock: desk.clock,
    onSaved: ({ step, uri, digest, time }) => {
      desk.beat();
      desk.progress.set({ checkpoint: { step, uri, digest, time } });
      desk.metrics.setCheckpoint(step, Date.parse(time) / 1000);
    },
  });
}

async function receiveState(
  { log }: JoinOptions,
  parts: { readonly run: PreparedRun; readonly gang: Gang; readonly saved: TrainingState | null },
): Promise<{ cursor: TrainingCursor; resumedFromStep: number | null }> {
  const { run, gang, saved } = parts;
  const { dataset, step, runConfig } = run;
  const identity = { runConfig, datasetDigest: dataset.digest };
  const isRoot = gang.rank === 0;
  const own = saved ?? stateOf(identity, { ...newCursor(), memory: newRunMemory() }, step.state());
  const state = await broadcastState(
    { collective: gang.collective, arena: step.arena },
    isRoot ? own : null,
  );
  if (state.datasetDigest !== dataset.digest) {
    throw new Failure(
      'DataError',
      `Worker ${gang.rank} read other data than worker 0 (${dataset.digest} and ${state.datasetDigest}); give all workers the same volume.`,
    );
  }
  const { cursor, tensors } = cursorOf(state);
  step.restore(tensors);
  const resumedFromStep = cursor.stepsDone === 0 ? null : cursor.stepsDone;
  if (resumedFromStep !== null) log.info({ step: resumedFromStep }, 'resumed from a checkpoint');
  const change = {
    membershipEpoch: gang.membershipEpoch,
    worldSize: gang.worldSize,
    step: cursor.stepsDone,
    time: new Date().toISOString(),
    reason: resumedFromStep === null ? 'start' : 'resumed from a checkpoint',
  };
  const memory = { ...cursor.memory, membership: [...cursor.memory.membership, change] };
  return { cursor: { ...cursor, memory }, resumedFromStep };
}

function lastEpochOf(saved: TrainingState | null): number {
  const changes = saved === null ? [] : cursorOf(saved).cursor.memory.membership;
  return Math.max(0, ...changes.map(({ membershipEpoch }) => membershipEpoch));
}

function newCursor(): Omit<TrainingCursor, 'memory'> {
  return { epoch: 0, stepsDone: 0, bestWeights: [] };
}

/**
 * A worker's life, told once: prepare, join the gang, train, evaluate, save, leave. Composition
 * only; each sentence is a function of the file that owns it.
 */
import type { Logger } from 'pino';
import type { Termination } from '../termination.ts';
import type { WorkerSettings } from '../worker-settings.ts';
import { evaluateRun, unmetRequirements } from './evaluate-run.ts';
import { evaluateSplit, type EvaluationTools } from './evaluate-split.ts';
import { joinRun, type JoinedRun } from './join-run.ts';
import { metricSet } from './metric-set.ts';
import { observeRun } from './observe-run.ts';
import { prepareRun, type PreparedRun } from './prepare-run.ts';
import { recordEvents } from './record-events.ts';
import { observeAll } from './run-observer.ts';
import { saveOutput } from './save-output.ts';
import { createSumOverRanks } from './sum-over-ranks.ts';
import { train, type TrainingEnd } from './training-loop.ts';
import { openWorkerDesk, type WorkerDesk } from './worker-desk.ts';

export interface WorkerOptions {
  readonly settings: WorkerSettings;
  readonly log: Logger;
  /** Aborted when the worker is asked to stop. */
  readonly stop: AbortSignal;
}

/**
 * @returns how the worker ended: well, interrupted, or with a result below the requirements.
 * @throws Failure for everything else.
 */
export async function runWorker(options: WorkerOptions): Promise<Termination> {
  const desk = await openWorkerDesk(options);
  try {
    const run = await prepareRun(options, desk.progress);
    const joined = await joinRun(options, run, desk);
    const termination = await trainAndEvaluate(options, { run, joined, desk });
    await joined.gang.leave();
    await run.close();
    return termination;
  } catch (error) {
    desk.fail(error);
    throw error;
  } finally {
    await desk.close();
  }
}

interface Parts {
  readonly run: PreparedRun;
  readonly joined: JoinedRun;
  readonly desk: WorkerDesk;
}

async function trainAndEvaluate(options: WorkerOptions, parts: Parts): Promise<Termination> {
  const { run, joined, desk } = parts;
  const tools = evaluationTools(parts);
  const events = await recordEvents(run, joined, desk.progress);
  const observer = observeAll([observeRun(run, joined, desk, options.log), events]);
  const end = await train(
    {
      ...run,
      gang: joined.gang,
      validate: validator(tools, parts),
      checkpoint: (cursor, isLast) => joined.checkpoints.offer(cursor, isLast),
      progress: desk.progress,
      observer,
      stop: options.stop,
      clock: desk.clock,
    },
    joined.cursor,
  );
  await events.close();
  if (end.reason === 'interrupted') return interrupted(parts, end);
  return evaluateAndSave(options, { ...parts, tools, end });
}

function interrupted({ desk, run }: Parts, end: TrainingEnd): Termination {
  const { uri } = run.runConfig.checkpoint;
  const kept =
    uri === undefined
      ? 'no checkpoint was written, because the job names no checkpoint.uri'
      : `a checkpoint is in ${uri}; run the same job again to go on from there`;
  const message = `Stopped after step ${end.stepsDone} of ${run.totalSteps}: ${kept}.`;
  desk.progress.set({ phase: 'stopped', message });
  return { reason: 'Interrupted', message };
}

interface Finished extends Parts {
  readonly tools: EvaluationTools;
  readonly end: TrainingEnd;
}

async function evaluateAndSave(options: WorkerOptions, parts: Finished): Promise<Termination> {
  const { run, joined, desk, tools, end } = parts;
  const { evaluation: config, training } = run.runConfig;
  desk.progress.set({ phase: 'evaluating' });
  const metrics = metricSet(config.metrics, training.loss);
  const evaluation = await evaluateRun(tools, { config, metrics, step: end.stepsDone });
  desk.progress.set({ phase: 'saving' });
  const allReduceBytes = await bytesOfAllWorkers(parts);
  const summary =
    joined.gang.rank === 0
      ? await saveOutput({
          ...options,
          ...parts,
          evaluation,
          allReduceBytes,
          startTime: desk.startTime,
        })
      : undefined;
  // Nobody leaves before the result is safe: a leaving worker looks like a lost one.
  await joined.gang.collective.barrier(end.stepsDone);
  await joined.checkpoints.close();
  const message = `Trained ${end.stepsDone} steps.`;
  const unmet = evaluation === null ? undefined : unmetRequirements(evaluation);
  // Rank 0 alone gives the verdict, with the result: another that ended first would hide it.
  if (unmet !== undefined && summary !== undefined) {
    desk.progress.set({ phase: 'failed', message: unmet });
    options.log.error({ reason: 'RequirementUnmet' }, unmet);
    return { reason: 'RequirementUnmet', message: unmet, summary };
  }
  desk.progress.set({ phase: 'complete' });
  return { reason: 'Complete', message, ...(summary === undefined ? {} : { summary }) };
}

function evaluationTools({ run, joined, desk }: Parts): EvaluationTools {
  const { gang } = joined;
  return {
    ...run,
    fromLogits: run.runConfig.training.loss.fromLogits ?? false,
    sumOverRanks: createSumOverRanks({ collective: gang.collective, arena: run.step.arena }),
    rank: gang.rank,
    worldSize: gang.worldSize,
    onBatch: desk.beat,
  };
}

function validator(
  tools: EvaluationTools,
  { run, desk }: Parts,
): ((step: number) => Promise<Readonly<Record<string, number>>>) | undefined {
  if (run.dataset.splits.validation.length === 0) return undefined;
  const { batchSize } = run.runConfig.evaluation;
  return async (step) => {
    desk.progress.set({ phase: 'validating' });
    const request = { split: 'validation', batchSize, metrics: run.metrics, step } as const;
    return (await evaluateSplit(tools, request)).metrics;
  };
}

/** What the gang sent in this and earlier attempts. A float counts exactly to 2^24 only. */
async function bytesOfAllWorkers({ joined, tools, end }: Finished): Promise<number> {
  const unit = 2 ** 20;
  const own = joined.gang.collective.stats().bytesSent;
  const figures = Float32Array.of(Math.floor(own / unit), own % unit);
  const [whole = 0, rest = 0] = await tools.sumOverRanks(figures, end.stepsDone);
  return Math.round(whole * unit + rest) + joined.cursor.memory.allReduceBytes;
}

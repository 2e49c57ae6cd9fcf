/**
 * What rank 0 leaves when a run has ended: the model, result.json, report.html. The summary that
 * comes back also goes into the termination message.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result, Summary } from '@tfjs-operator/api/result.ts';
import { modelDigest } from '../artifact/saved-model.ts';
import { writeModel } from '../artifact/write-model.ts';
import { savedModelOf } from '../model/saved-model-of.ts';
import { renderReport } from '../report/render-report.ts';
import { trainerVersion } from '../version.ts';
import type { WorkerSettings } from '../worker-settings.ts';
import type { Evaluation } from './evaluate-run.ts';
import type { JoinedRun } from './join-run.ts';
import { fillOutput } from './output-folder.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { TrainingEnd } from './training-loop.ts';

export interface OutputParts {
  readonly settings: WorkerSettings;
  readonly run: PreparedRun;
  readonly joined: JoinedRun;
  readonly end: TrainingEnd;
  readonly evaluation: Evaluation | null;
  readonly allReduceBytes: number;
  readonly startTime: string;
}

/** @throws Failure StorageError where the output volume refuses; an older output stays whole. */
export async function saveOutput(parts: OutputParts): Promise<Summary> {
  const { run, settings } = parts;
  const model = await savedModelOf(run.model, run.topology);
  const result = resultOf(parts, summaryOf(parts, modelDigest(model)));
  await fillOutput(run.resolve(run.runConfig.output.uri), {
    documents: async (staging) => {
      await writeWhole(join(staging, 'run-config.json'), jsonText(run.runConfig));
      await writeWhole(join(staging, 'report.html'), renderReport(result));
      await writeWhole(join(staging, 'result.json'), jsonText(result));
    },
    model: async (folder) => {
      await writeModel(join(folder, 'model'), model, {
        ...run.runConfig.output,
        generatedBy: `tfjs-operator ${trainerVersion}`,
        metadata: {
          classNames: run.dataset.classNames,
          standardization: run.dataset.standardization,
          runConfigDigest: run.runConfig.digest,
          job: settings.job,
        },
      });
    },
    last: 'result.json',
  });
  return result.summary;
}

function summaryOf(parts: OutputParts, modelDigest: string): Summary {
  const { run, joined, end, evaluation, allReduceBytes } = parts;
  const metrics = evaluation?.metrics ?? end.memory.history.at(-1)?.metrics ?? {};
  const { memory } = end;
  return {
    accuracy: metrics['accuracy'] ?? null,
    loss: metrics['loss'] ?? NaN,
    metrics,
    workers: joined.gang.worldSize,
    steps: end.stepsDone,
    epochs: end.epoch,
    seconds: memory.seconds,
    samplesPerSecond: memory.samples / Math.max(memory.seconds, 1e-9),
    backend: run.backend.name,
    allReduceBytes,
    modelDigest,
    outputDirectory: run.runConfig.output.uri,
    resumedFromStep: joined.resumedFromStep,
  };
}

function resultOf(
  { settings, run, end, evaluation, startTime }: OutputParts,
  summary: Summary,
): Result {
  const { train, validation, test } = run.dataset.splits;
  return {
    schemaVersion: 1,
    job: settings.job,
    runConfigDigest: run.runConfig.digest,
    summary,
    backend: run.backend,
    execution: run.step.execution,
    startTime,
    completionTime: new Date().toISOString(),
    history: end.memory.history,
    steps: end.memory.steps.points,
    membership: end.memory.membership,
    evaluation,
    data: {
      digest: run.dataset.digest,
      samples: { train: train.length, validation: validation.length, test: test.length },
      cleaning: run.dataset.cleaning,
    },
  };
}

function jsonText(document: unknown): string {
  return JSON.stringify(document, null, 2);
}

/** On disk, not only on its way there, when it returns. */
async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flush: true });
}

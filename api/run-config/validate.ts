/**
 * Judges a run config by its schema where a process reads one: it was made by merge-run-config.ts,
 * so a fault means that it was cut off, edited by hand, or made by another version.
 */
import { Failure } from '../failure.ts';
import { schemaProblems } from '../crd/schema-problems.ts';
import { findingOf } from '../finding.ts';
import { validateRunConfig as isRunConfig } from '../generated/validators.js';
import type { RunConfig } from '../run-config.ts';

/** @throws Failure BadConfig that names the first wrong field. */
export function validateRunConfig(document: unknown): RunConfig {
  if (isRunConfig(document)) return document;
  const [problem] = schemaProblems(isRunConfig.errors ?? [], {}, document);
  const what = problem ? findingOf(problem, 'trainingJob').message : 'it does not fit its schema';
  throw new Failure(
    'BadConfig',
    `The run config is wrong: ${what}; make it anew from the TrainingJob.`,
  );
}

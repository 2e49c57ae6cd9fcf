/**
 * Judges a TrainingJob as the API server does when it is created or changed: defaults, schema with
 * unknown fields as errors, lists without duplicates, then the CEL rules, which run only on what
 * the schema allows. Owns no rule of its own; all are in crds/trainingjobs.yaml.
 */
import type { Problem } from '../finding.ts';
import type { TrainingJob } from '../generated/trainingjob.ts';
import { validateTrainingJob } from '../generated/validators.js';
import { applyDefaults } from './apply-defaults.ts';
import { listProblems } from './list-problems.ts';
import { createRuleChecker } from './rule-checker.ts';
import { schemaProblems } from './schema-problems.ts';
import { trainingJobDefinition } from './training-job-definition.ts';

export type CheckedTrainingJob =
  | { readonly job: TrainingJob; readonly problems: readonly [] }
  | { readonly problems: readonly Problem[] };

const checkRules = createRuleChecker(trainingJobDefinition.schema);

/**
 * @param old the job as it is, where it is to be changed; else rules about change are not run.
 * @returns the job with its defaults, or what is wrong with it.
 */
export function checkTrainingJob(document: unknown, old?: unknown): CheckedTrainingJob {
  const { schema } = trainingJobDefinition;
  const job = applyDefaults(schema, document);
  if (!validateTrainingJob(job)) {
    return { problems: schemaProblems(validateTrainingJob.errors ?? [], schema, job) };
  }
  const oldJob = old === undefined ? undefined : applyDefaults(schema, old);
  const lists = listProblems(schema, job);
  const problems = lists.length > 0 ? lists : checkRules(job, oldJob);
  return problems.length > 0 ? { problems } : { job, problems: [] };
}

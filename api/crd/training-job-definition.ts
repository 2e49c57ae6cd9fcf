/**
 * The schema of crds/trainingjobs.yaml, as generated for run time. Owns nothing else: judging a job
 * is check-training-job.ts.
 */
import definition from '../generated/trainingjob-definition.json' with { type: 'json' };
import type { StructuralSchema } from './structural-schema.ts';

export const trainingJobDefinition = definition as unknown as {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: StructuralSchema;
};

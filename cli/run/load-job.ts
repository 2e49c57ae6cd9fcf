/**
 * From files to the one job that is to be run: manifests, the choice of the job, its run config.
 * What is wrong in the files is found by cli/validate/; nothing is judged here a second time.
 */
import { checkTrainingJob } from '@tfjs-operator/api/crd/check-training-job.ts';
import { isObject } from '@tfjs-operator/api/crd/structural-schema.ts';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { chooseJob } from '../choose-job.ts';
import type { FileFinding } from '../validate/file-finding.ts';
import { loadManifests, type Manifest } from '../validate/load-manifests.ts';
import { resolveRunConfig } from '../validate/resolve-run-config.ts';
import type { LoadedJob } from './run-job.ts';

export interface JobChoice {
  /** The job's name, where the files hold several. */
  readonly name?: string;
  /** Instead of spec.workers.replicas. */
  readonly workers?: number;
}

/**
 * @returns the job, or everything that is wrong with the files.
 * @throws Failure UsageError where the files do not hold exactly one job that is meant.
 */
export async function loadJob(
  paths: readonly string[],
  choice: JobChoice,
): Promise<LoadedJob | { readonly findings: readonly FileFinding[] }> {
  const manifests = await loadManifests(paths);
  if (manifests.findings.length > 0) return { findings: manifests.findings };
  const manifest = withWorkers(chooseJob(manifests.jobs, paths, choice.name), choice.workers);
  const checked = checkTrainingJob(manifest.value);
  if ('job' in checked) assertRunsHere(checked.job.metadata.name, checked.job.spec);
  const resolved = resolveRunConfig(manifest, manifests.configMaps);
  if (!('runConfig' in resolved)) return { findings: resolved.findings };
  if (!('job' in checked)) throw new TypeError('A run config came from a job that is wrong.');
  return { job: checked.job, runConfig: resolved.runConfig };
}

/** The same override as `kubectl scale`: the rules judge the job as it would be then. */
function withWorkers(manifest: Manifest, replicas: number | undefined): Manifest {
  const { spec } = manifest.value;
  if (replicas === undefined || !isObject(spec) || !isObject(spec['workers'])) return manifest;
  const workers = { ...spec['workers'], replicas };
  return { ...manifest, value: { ...manifest.value, spec: { ...spec, workers } } };
}

function assertRunsHere(
  name: string,
  spec: { readonly suspend?: boolean; readonly runtime?: string },
): void {
  if (spec.suspend) {
    throw new Failure(
      'BadConfig',
      `TrainingJob ${name} is suspended; set spec.suspend to false to run it.`,
    );
  }
  if (spec.runtime === 'custom') {
    throw new Failure(
      'BadConfig',
      `TrainingJob ${name} has spec.runtime custom, whose image needs a cluster; only runtime tfjs runs here.`,
    );
  }
}

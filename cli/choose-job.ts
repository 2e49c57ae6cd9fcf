/** The one TrainingJob that a command is about, among those of the files it was given. */
import { Failure } from '@tfjs-operator/api/failure.ts';
import { nearestName } from '@tfjs-operator/api/nearest-name.ts';
import type { Manifest } from './validate/load-manifests.ts';

/** @throws Failure UsageError where not exactly one job is meant. */
export function chooseJob(
  jobs: readonly Manifest[],
  paths: readonly string[],
  name: string | undefined,
): Manifest {
  const names = jobs.map((job) => job.name);
  const matching = name === undefined ? jobs : jobs.filter((job) => job.name === name);
  const [job, ...others] = matching;
  if (job && others.length === 0) return job;
  if (jobs.length === 0) {
    throw new Failure(
      'UsageError',
      `${paths.join(', ')}: no TrainingJob in there; name the file with kind: TrainingJob too.`,
    );
  }
  if (job) {
    throw new Failure(
      'UsageError',
      `The files hold several TrainingJobs; choose one with --name: ${names.join(', ')}.`,
    );
  }
  const nearest = nearestName(name ?? '', names);
  const hint =
    nearest === undefined ? `it is one of ${names.join(', ')}` : `did you mean ${nearest}?`;
  throw new Failure('UsageError', `--name ${name}: no TrainingJob of that name; ${hint}`);
}

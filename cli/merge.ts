/**
 * `tfjsctl merge`: shows the run config of a TrainingJob, the merged, defaulted and validated
 * document that the trainer gets, as YAML or JSON. Writes no file.
 */
import { stringify } from 'yaml';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { loadManifests, type LoadedManifests, type Manifest } from './validate/load-manifests.ts';
import { processOutput, type Output } from './validate/output.ts';
import { printFindings } from './validate/print-findings.ts';
import { resolveRunConfig } from './validate/resolve-run-config.ts';

export interface MergeOptions {
  /** JSON instead of YAML. */
  readonly json?: boolean;
  /** Name of the TrainingJob where the files hold more than one. */
  readonly name?: string;
}

/** @returns the exit code; findings and usage errors go to stderr. */
export async function mergeCommand(
  paths: readonly string[],
  options: MergeOptions = {},
  output: Output = processOutput(),
): Promise<number> {
  const loaded = await loadManifests(paths);
  if (loaded.findings.length > 0) return refuse(loaded.findings, output);
  const chosen = chooseJob(loaded, options.name);
  if (typeof chosen === 'string') {
    output.stderr.write(`${chosen}\n`);
    return exitStatuses.UsageError.code;
  }
  const resolved = resolveRunConfig(chosen, loaded.configMaps);
  if (!('runConfig' in resolved)) return refuse(resolved.findings, output);
  const { runConfig } = resolved;
  output.stdout.write(
    options.json ? `${JSON.stringify(runConfig, null, 2)}\n` : stringify(runConfig),
  );
  return exitStatuses.Complete.code;
}

function refuse(findings: LoadedManifests['findings'], output: Output): number {
  printFindings(findings, output.stderr);
  return exitStatuses.BadConfig.code;
}

/** The job, or a sentence that says which to name. */
function chooseJob({ jobs }: LoadedManifests, name: string | undefined): Manifest | string {
  const names = jobs.map((job) => job.name).join(', ');
  if (jobs.length === 0)
    return 'The files hold no TrainingJob; name the file with kind: TrainingJob too.';
  const matching = name === undefined ? jobs : jobs.filter((job) => job.name === name);
  const [job, ...others] = matching;
  if (!job) return `The files hold no TrainingJob ${name ?? ''}; use --name with one of ${names}.`;
  return others.length === 0
    ? job
    : `The files hold several TrainingJobs; use --name with one of ${names}.`;
}

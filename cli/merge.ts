/**
 * `tfjsctl merge`: shows the run config of a TrainingJob, the merged, defaulted and validated
 * document that the trainer gets, as YAML or JSON. Writes no file.
 */
import { stringify } from 'yaml';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { chooseJob } from './choose-job.ts';
import { loadManifests, type LoadedManifests } from './validate/load-manifests.ts';
import { processOutput, type Output } from './validate/output.ts';
import { printFindings } from './validate/print-findings.ts';
import { resolveRunConfig } from './validate/resolve-run-config.ts';

export interface MergeOptions {
  /** JSON instead of YAML. */
  readonly json?: boolean;
  /** Name of the TrainingJob where the files hold more than one. */
  readonly name?: string;
}

/**
 * @returns the exit code; findings go to stderr.
 * @throws Failure UsageError where the files do not hold exactly one job that is meant.
 */
export async function mergeCommand(
  paths: readonly string[],
  options: MergeOptions = {},
  output: Output = processOutput(),
): Promise<number> {
  const loaded = await loadManifests(paths);
  if (loaded.findings.length > 0) return refuse(loaded.findings, output);
  const job = chooseJob(loaded.jobs, paths, options.name);
  const resolved = resolveRunConfig(job, loaded.configMaps);
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

/**
 * `tfjsctl validate`: judges manifests and the files they name as the API server and the operator
 * would, without a cluster. Ends with BadConfig where anything is wrong.
 */
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { painter, processOutput, type Output } from './output.ts';
import { count, printFindings } from './print-findings.ts';
import { validateFiles } from './validate-manifests.ts';

export interface ValidateOptions {
  /** One JSON object instead of text: `{valid, jobs, configMaps, findings}`. */
  readonly json?: boolean;
}

/** @returns the exit code. */
export async function validateCommand(
  paths: readonly string[],
  options: ValidateOptions = {},
  output: Output = processOutput(),
): Promise<number> {
  const { jobs, configMaps, findings } = await validateFiles(paths);
  const isValid = findings.length === 0;
  if (options.json) {
    const names = {
      jobs: jobs.map(({ name }) => name),
      configMaps: configMaps.map(({ name }) => name),
    };
    output.stdout.write(`${JSON.stringify({ valid: isValid, ...names, findings })}\n`);
  } else if (isValid) {
    const paint = painter(output.stdout);
    const what = `${count(jobs.length, 'TrainingJob')} and ${count(configMaps.length, 'ConfigMap')}`;
    output.stdout.write(`${paint('green', '✔')} ${what}: nothing is wrong\n`);
  } else {
    printFindings(findings, output.stderr);
  }
  return isValid ? exitStatuses.Complete.code : exitStatuses.BadConfig.code;
}

/**
 * Judges all TrainingJobs of the given manifests, with the files that they name. Reads nothing
 * itself, so that tests and editors can bring their own documents.
 */
import { checkTrainingJob } from '@tfjs-operator/api/crd/check-training-job.ts';
import { valueAt } from '@tfjs-operator/api/crd/structural-schema.ts';
import type { FileFinding } from './file-finding.ts';
import { loadManifests, type LoadedManifests, type Manifest } from './load-manifests.ts';
import { resolveRunConfig } from './resolve-run-config.ts';

/** Every finding, in the order of files and lines. */
export function validateManifests(loaded: LoadedManifests): readonly FileFinding[] {
  const findings = loaded.jobs.flatMap((job) => findingsOf(job, loaded.configMaps));
  return [...loaded.findings, ...unique(findings)].sort(
    (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column,
  );
}

/** Reads and judges; a set of files without any TrainingJob is a finding too. */
export async function validateFiles(
  paths: readonly string[],
): Promise<LoadedManifests & { readonly findings: readonly FileFinding[] }> {
  const loaded = await loadManifests(paths);
  const findings = validateManifests(loaded);
  if (findings.length > 0 || loaded.jobs.length > 0) return { ...loaded, findings };
  const place = { file: paths[0] ?? '', line: 1, column: 1, document: '', path: '' };
  const message = `${paths.join(', ')} ${paths.length === 1 ? 'holds' : 'hold'} no TrainingJob`;
  const hint = 'name the file with kind: TrainingJob too';
  return { ...loaded, findings: [{ ...place, value: undefined, message, hint }] };
}

function findingsOf(job: Manifest, configMaps: readonly Manifest[]): readonly FileFinding[] {
  const isCustom = valueAt(job.value, ['spec', 'runtime']) === 'custom';
  if (isCustom && 'job' in checkTrainingJob(job.value)) return [];
  return resolveRunConfig(job, configMaps).findings;
}

/** Two jobs may name the same file; what is wrong in it is said once. */
function unique(findings: readonly FileFinding[]): readonly FileFinding[] {
  const seen = new Set<string>();
  return findings.filter(({ file, line, column, message }) => {
    const key = JSON.stringify([file, line, column, message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * Gives a TrainingJob's run config from the manifests at hand: finds the ConfigMaps that the job
 * names, parses their files and merges. Owns the places of findings in files; what is wrong is said
 * by api/.
 */
import { checkTrainingJob } from '@tfjs-operator/api/crd/check-training-job.ts';
import { isObject, valueAt, type Path } from '@tfjs-operator/api/crd/structural-schema.ts';
import {
  findingOf,
  pathText,
  type DocumentName,
  type Finding,
} from '@tfjs-operator/api/finding.ts';
import { nearestName } from '@tfjs-operator/api/nearest-name.ts';
import { checkRunConfig } from '@tfjs-operator/api/run-config/merge-run-config.ts';
import { parseConfigFile } from '@tfjs-operator/api/run-config/parse-config-file.ts';
import type { RunConfig } from '@tfjs-operator/api/run-config.ts';
import type { FileFinding } from './file-finding.ts';
import type { Manifest } from './load-manifests.ts';
import { locateInJson } from './source-document.ts';

export type ResolvedRunConfig =
  | { readonly runConfig: RunConfig; readonly findings: readonly [] }
  | { readonly findings: readonly FileFinding[] };

type FileName = Exclude<DocumentName, 'trainingJob'>;

const references: Readonly<Record<FileName, Path>> = {
  topology: ['spec', 'model', 'configMapKeyRef'],
  training: ['spec', 'training', 'configMapKeyRef'],
  evaluation: ['spec', 'evaluation', 'config', 'configMapKeyRef'],
};

/** A file that the job names, found in a ConfigMap. */
interface NamedFile {
  readonly configMap: Manifest;
  readonly key: string;
  readonly text: string;
  readonly value: unknown;
}

/** The run config, or everything that is wrong with the job and the files that it names. */
export function resolveRunConfig(
  job: Manifest,
  configMaps: readonly Manifest[],
): ResolvedRunConfig {
  const files: Partial<Record<FileName, NamedFile>> = {};
  const findings: FileFinding[] = [];
  for (const [name, path] of Object.entries(references) as [FileName, Path][]) {
    const found = findFile(job, path, configMaps);
    if (found && 'finding' in found) findings.push(found.finding);
    else if (found) files[name] = found;
  }
  if (findings.length > 0) {
    const others = checkTrainingJob(job.value).problems;
    return {
      findings: [
        ...findings,
        ...others.map((problem) => inJob(job, findingOf(problem, 'trainingJob'))),
      ],
    };
  }
  const outcome = checkRunConfig({
    trainingJob: job.value,
    topology: files.topology?.value,
    training: files.training?.value,
    evaluation: files.evaluation?.value,
  });
  if ('runConfig' in outcome) return outcome;
  return { findings: outcome.findings.map((finding) => inFile(job, files, finding)) };
}

type Lookup = NamedFile | { readonly finding: FileFinding } | undefined;

/** The file behind a reference; nothing where there is no reference, or one of a wrong form. */
function findFile(job: Manifest, path: Path, configMaps: readonly Manifest[]): Lookup {
  const reference = valueAt(job.value, path);
  if (!isObject(reference)) return undefined;
  const { name, key } = reference;
  if (typeof name !== 'string' || typeof key !== 'string') return undefined;
  const inNamespace = configMaps.filter(({ namespace }) => namespace === job.namespace);
  const configMap = inNamespace.find((candidate) => candidate.name === name);
  if (!configMap) {
    const nearest = nearestName(
      name,
      inNamespace.map((candidate) => candidate.name),
    );
    return lookupFault(job, [...path, 'name'], {
      text: `${JSON.stringify(name)}, but the files hold no ConfigMap of that name`,
      hint:
        nearest === undefined ? 'add its manifest to the command line' : `did you mean ${nearest}?`,
    });
  }
  const data = isObject(configMap.value['data']) ? configMap.value['data'] : {};
  if (!Object.hasOwn(data, key)) {
    const nearest = nearestName(key, Object.keys(data));
    return lookupFault(job, [...path, 'key'], {
      text: `${JSON.stringify(key)}, which ConfigMap ${name} does not have`,
      hint:
        nearest === undefined
          ? `use one of ${Object.keys(data).join(', ')}`
          : `did you mean ${nearest}?`,
    });
  }
  return parsedFile(configMap, key, data[key]);
}

function lookupFault(
  job: Manifest,
  path: Path,
  words: { readonly text: string; readonly hint: string },
): { readonly finding: FileFinding } {
  const problem = {
    path,
    value: valueAt(job.value, path),
    text: ` is ${words.text}`,
    hint: words.hint,
  };
  return { finding: inJob(job, findingOf(problem, 'trainingJob')) };
}

function parsedFile(configMap: Manifest, key: string, text: unknown): Lookup {
  const path: Path = ['data', key];
  const place = (at: { readonly line: number; readonly column: number }): FileFinding => ({
    file: configMap.source.file,
    ...at,
    document: documentText(configMap, key),
    path: '',
    value: undefined,
    message: '',
  });
  if (typeof text !== 'string') {
    const at = configMap.source.locate([...configMap.root, ...path]);
    const message = `${pathText(path)} is no text`;
    return {
      finding: {
        ...place(at),
        path: pathText(path),
        value: text,
        message,
        hint: 'put a | after the key, and the JSON below it',
      },
    };
  }
  const parsed = parseConfigFile(text);
  if ('value' in parsed) return { configMap, key, text, value: parsed.value };
  const { fault } = parsed;
  const at = configMap.source.locateInText([...configMap.root, ...path], fault);
  const message = `${key} is no JSON: ${fault.message}`;
  return {
    finding: {
      ...place(at),
      message,
      hint: `see its line ${String(fault.line)}, column ${String(fault.column)}`,
    },
  };
}

function documentText({ kind, name }: Manifest, key?: string): string {
  return key === undefined ? `${kind} ${name}`.trim() : `${kind} ${name}, ${key}`;
}

function inJob(job: Manifest, finding: Finding): FileFinding {
  const position = job.source.locate([...job.root, ...finding.path]);
  return withPlace(finding, { file: job.source.file, ...position, document: documentText(job) });
}

function inFile(
  job: Manifest,
  files: Partial<Record<FileName, NamedFile>>,
  finding: Finding,
): FileFinding {
  const file = finding.document === 'trainingJob' ? undefined : files[finding.document];
  if (!file) return inJob(job, finding);
  const { configMap, key, text } = file;
  const place = locateInJson(text, finding.path);
  const position = configMap.source.locateInText([...configMap.root, 'data', key], place);
  const found = withPlace(finding, {
    file: configMap.source.file,
    ...position,
    document: documentText(configMap, key),
  });
  return { ...found, message: `${key}: ${finding.message}` };
}

type Place = Pick<FileFinding, 'file' | 'line' | 'column' | 'document'>;

function withPlace(finding: Finding, place: Place): FileFinding {
  const { path, value, message, hint } = finding;
  return {
    ...place,
    path: pathText(path),
    value,
    message,
    ...(hint === undefined ? {} : { hint }),
  };
}

/**
 * Reads manifests as `kubectl apply -f` does: files with one or more YAML or JSON documents, and
 * folders, of which the manifests at the top level count. Sorts out what is ours; other kinds are
 * left to those who own them.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { LineCounter, parseAllDocuments, type Document } from 'yaml';
import { isObject, valueAt, type Path } from '@tfjs-operator/api/crd/structural-schema.ts';
import { pathText } from '@tfjs-operator/api/finding.ts';
import { nearestName } from '@tfjs-operator/api/nearest-name.ts';
import type { FileFinding } from './file-finding.ts';
import { sourceDocument, type SourceDocument } from './source-document.ts';
import { truthWords } from './truth-words.ts';

/** One object of a file. */
export interface Manifest {
  readonly source: SourceDocument;
  /** Where the object stands in its document: not at the root in a `kind: List`. */
  readonly root: Path;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface LoadedManifests {
  readonly jobs: readonly Manifest[];
  readonly configMaps: readonly Manifest[];
  /** Files that cannot be read or parsed, and objects that occur twice. */
  readonly findings: readonly FileFinding[];
}

const manifestExtensions: readonly string[] = ['.yaml', '.yml', '.json'];

export async function loadManifests(paths: readonly string[]): Promise<LoadedManifests> {
  const files = await Promise.all(paths.map(filesOf));
  const findings: FileFinding[] = [];
  const manifests: Manifest[] = [];
  for (const file of files.flat()) {
    const loaded =
      typeof file === 'string' ? await loadFile(file) : { manifests: [], findings: [file] };
    findings.push(...loaded.findings);
    manifests.push(...loaded.manifests);
  }
  return {
    jobs: manifests.filter(({ kind }) => kind === 'TrainingJob'),
    configMaps: manifests.filter(({ kind }) => kind === 'ConfigMap'),
    findings: [...findings, ...repeated(manifests)],
  };
}

/** The path itself, or the manifests of a folder in order of their names. */
async function filesOf(path: string): Promise<readonly (string | FileFinding)[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path);
    const files = names.filter((name) => manifestExtensions.includes(extname(name))).sort();
    if (files.length > 0) return files.map((name) => join(path, name));
    return [fileFault(path, 'holds no manifest', 'put a .yaml, .yml or .json file there')];
  } catch (error) {
    return [unreadable(path, error)];
  }
}

interface LoadedFile {
  readonly manifests: readonly Manifest[];
  readonly findings: readonly FileFinding[];
}

async function loadFile(file: string): Promise<LoadedFile> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { manifests: [], findings: [unreadable(file, error)] };
  }
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false, keepSourceTokens: true, merge: true };
  const documents = parseAllDocuments(text, options);
  const [fault] = documents.flatMap((document) => document.errors);
  if (fault) {
    const { line, col } = lines.linePos(fault.pos[0]);
    const message = `is no YAML: ${fault.message.charAt(0).toLowerCase()}${fault.message.slice(1)}`;
    return { manifests: [], findings: [{ ...fileFault(file, message), line, column: col }] };
  }
  const loaded = documents
    .filter((document) => document.toJS() !== null)
    .map((document) => {
      const source = sourceDocument(file, document, lines);
      const { manifests, findings } = manifestsOf(source, []);
      return { manifests, findings: [...findings, ...mistakenWords(document, source)] };
    });
  return {
    manifests: loaded.flatMap(({ manifests }) => manifests),
    findings: loaded.flatMap(({ findings }) => findings),
  };
}

function mistakenWords(document: Document, source: SourceDocument): readonly FileFinding[] {
  return truthWords(document).map(({ path, word, meaning }) => ({
    ...fileFault(source.file, '', 'put it in quotes'),
    ...source.locate(path),
    path: pathText(path),
    value: word,
    message: `${pathText(path)} is ${word}, which kubectl reads as ${String(meaning)}`,
  }));
}

function manifestsOf(source: SourceDocument, root: Path): LoadedFile {
  const value = valueAt(source.value, root);
  if (!isObject(value) || typeof value['kind'] !== 'string') {
    const message = 'kind is missing, so this is no Kubernetes manifest';
    const finding = {
      ...fileFault(source.file, '', 'write kind: TrainingJob or leave the file out'),
      message,
    };
    return { manifests: [], findings: [{ ...finding, ...source.locate(root), path: 'kind' }] };
  }
  if (value['kind'] === 'List' && Array.isArray(value['items'])) {
    const items = value['items'].map((_, index) => manifestsOf(source, [...root, 'items', index]));
    return {
      manifests: items.flatMap(({ manifests }) => manifests),
      findings: items.flatMap(({ findings }) => findings),
    };
  }
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  const text = (key: string, otherwise: string): string =>
    typeof metadata[key] === 'string' ? metadata[key] : otherwise;
  const manifest = {
    source,
    root,
    kind: kindOf(value),
    name: text('name', ''),
    namespace: text('namespace', 'default'),
    value,
  };
  return { manifests: [manifest], findings: [] };
}

/** A misspelled kind of ours is ours all the same, so that its schema can say so. */
function kindOf({ kind, apiVersion }: Readonly<Record<string, unknown>>): string {
  const isOurs =
    typeof apiVersion === 'string' &&
    nearestName(apiVersion.split('/')[0] ?? '', ['tfjs-operator.io']);
  return isOurs && nearestName(String(kind), ['TrainingJob']) ? 'TrainingJob' : String(kind);
}

function repeated(manifests: readonly Manifest[]): readonly FileFinding[] {
  const first = new Map<string, Manifest>();
  return manifests.flatMap((manifest) => {
    const key = `${manifest.kind} ${manifest.namespace}/${manifest.name}`;
    const other = first.get(key);
    if (manifest.name === '' || !other) {
      first.set(key, manifest);
      return [];
    }
    const path = [...manifest.root, 'metadata', 'name'];
    const { line } = other.source.locate([...other.root, 'metadata', 'name']);
    const finding = {
      ...fileFault(manifest.source.file, '', 'remove one of them or give it another name'),
      ...manifest.source.locate(path),
      document: `${manifest.kind} ${manifest.name}`,
      path: 'metadata.name',
      value: manifest.name,
      message: `metadata.name is "${manifest.name}", which ${other.source.file} line ${String(line)} gives to another ${manifest.kind}`,
    };
    return [finding];
  });
}

function fileFault(file: string, problem: string, hint?: string): FileFinding {
  const message = `${file} ${problem}`;
  const place = { file, line: 1, column: 1, document: '', path: '', value: undefined };
  return { ...place, message, ...(hint === undefined ? {} : { hint }) };
}

const faults: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['does not exist', 'check the path'],
  EACCES: ['may not be read', 'check its permissions'],
};

function unreadable(file: string, error: unknown): FileFinding {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const [problem, hint] = faults[code] ?? [
    `cannot be read (${code || String(error)})`,
    'check the path',
  ];
  return fileFault(file, problem, hint);
}

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { findingSentence } from '@tfjs-operator/api/finding.ts';
import { loadManifests, type LoadedManifests } from './load-manifests.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manifests-'));
});
after(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

function sentences({ findings }: LoadedManifests): readonly string[] {
  return findings.map((finding) => findingSentence(finding).replaceAll(`${folder}/`, ''));
}

const header = (kind: string, name: string): string =>
  `apiVersion: ${kind === 'TrainingJob' ? 'tfjs-operator.io/v1alpha1' : 'v1'}\nkind: ${kind}\nmetadata: { name: ${name} }\n`;

test('a file may hold several documents, and other kinds are left alone', async () => {
  const documents = [
    header('TrainingJob', 'a'),
    header('Service', 'b'),
    '',
    header('ConfigMap', 'c'),
  ];
  const file = await write('several.yaml', documents.join('---\n'));
  const { jobs, configMaps, findings } = await loadManifests([file]);
  assert.deepEqual(findings, []);
  assert.deepEqual(
    jobs.map(({ name }) => name),
    ['a'],
  );
  assert.deepEqual(
    configMaps.map(({ name }) => name),
    ['c'],
  );
});

test('a folder gives its manifests in order of names, and not those of folders below', async () => {
  await write('folder/b.yml', header('TrainingJob', 'b'));
  await write('folder/a.yaml', header('TrainingJob', 'a'));
  await write(
    'folder/c.json',
    '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}',
  );
  await write('folder/README.md', '# no manifest');
  await write('folder/below/d.yaml', 'this: is not read');
  const { jobs, configMaps, findings } = await loadManifests([join(folder, 'folder')]);
  assert.deepEqual(findings, []);
  assert.deepEqual(
    jobs.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.equal(configMaps.length, 1);
});

test('the objects of a List are found where they stand', async () => {
  const text = `apiVersion: v1
kind: List
items:
  - apiVersion: tfjs-operator.io/v1alpha1
    kind: TrainingJob
    metadata:
      name: listed
`;
  const { jobs } = await loadManifests([await write('list.yaml', text)]);
  const [job] = jobs;
  assert.equal(job?.name, 'listed');
  assert.deepEqual(job?.root, ['items', 0]);
  assert.deepEqual(job?.source.locate([...(job?.root ?? []), 'metadata', 'name']), {
    line: 7,
    column: 7,
  });
});

test('two objects of one kind and name are told with the place of the first', async () => {
  const file = await write(
    'twice.yaml',
    `${header('ConfigMap', 'c')}---\n${header('ConfigMap', 'c')}`,
  );
  const loaded = await loadManifests([file]);
  assert.deepEqual(sentences(loaded), [
    'metadata.name is "c", which twice.yaml line 3 gives to another ConfigMap; remove one of them or give it another name.',
  ]);
  assert.equal(loaded.findings[0]?.line, 7);
});

test('one name in two namespaces is no repetition', async () => {
  const other = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, namespace: lab }\n';
  const file = await write('namespaces.yaml', `${header('ConfigMap', 'c')}---\n${other}`);
  assert.deepEqual(sentences(await loadManifests([file])), []);
});

test('files that are missing, empty of manifests or no manifests are told', async () => {
  await mkdir(join(folder, 'empty'));
  await write('notes.yaml', 'just: some\nnotes: here\n');
  const paths = ['nowhere.yaml', 'empty', 'notes.yaml'].map((name) => join(folder, name));
  assert.deepEqual(sentences(await loadManifests(paths)), [
    'nowhere.yaml does not exist; check the path.',
    `empty holds no manifest; put a .yaml, .yml or .json file there.`,
    'kind is missing, so this is no Kubernetes manifest; write kind: TrainingJob or leave the file out.',
  ]);
});

test('a fault of YAML is told once, with its line', async () => {
  const file = await write('broken.yaml', 'apiVersion: v1\nkind: [ConfigMap\nmetadata: {}\n');
  const { findings } = await loadManifests([file]);
  assert.equal(findings.length, 1);
  assert.equal(findings[0]?.line, 3);
});

/** The Dockerfile agrees with the repository that it copies from; nothing here is built. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { test } from 'node:test';
import { environment } from '@tfjs-operator/api/environment.ts';
import manifest from '../package.json' with { type: 'json' };
import { parseOptions } from '../scripts/tensorflow/options.ts';
import { environmentOf, instructionsOf, readDockerfile, repository } from './dockerfile.ts';

const dockerfile = readDockerfile();
const targets = ['trainer', 'trainer-gpu'] as const;
const all = dockerfile.stages.flatMap(({ instructions }) => instructions);

test('has a target for the CPU, which is the default, and one for the GPU', () => {
  const names = dockerfile.stages.map(({ name }) => name);
  for (const target of targets) assert.ok(names.includes(target));
  assert.equal(names.at(-1), 'trainer');
});

test('is built on the Node that the repository pins, and on its own stages', () => {
  const names = dockerfile.stages.map(({ name }) => name);
  const image = `node:${manifest.devDependencies.node}-bookworm-slim`;
  dockerfile.stages.forEach(({ base }, at) => {
    assert.ok(base === image || names.slice(0, at).includes(base), base);
  });
});

test('copies what exists and is not left out of the build context', () => {
  const ignored = readFileSync(join(repository, '.dockerignore'), 'utf8').trim().split('\n');
  const copied = all.filter(({ name, flags }) => name === 'COPY' && flags['from'] === undefined);
  const paths = copied.flatMap(({ text }) => text.split(/\s+/).slice(0, -1));
  assert.ok(paths.length > 0);
  for (const path of paths) {
    assert.ok(existsSync(join(repository, path)), `${path} does not exist`);
    assert.ok(!ignored.some((pattern) => matchesGlob(path, pattern)), `${path} is ignored`);
  }
});

test('leaves out of the context what git does not know either', () => {
  const ignored = readFileSync(join(repository, '.dockerignore'), 'utf8').split('\n');
  for (const path of ['.git', '**/node_modules', 'trainer/tensorflow']) {
    assert.ok(ignored.includes(path), path);
  }
});

test('takes from other stages what they have', () => {
  const names = dockerfile.stages.map(({ name }) => name);
  for (const { flags, text } of all.filter((one) => one.flags['from'] !== undefined)) {
    assert.ok(names.includes(flags['from'] ?? ''), text);
    const [path = ''] = text.split(/\s+/);
    const made = instructionsOf(dockerfile, flags['from'] ?? '')
      .filter(({ name }) => name === 'COPY' || name === 'RUN')
      .some((one) => one.text.includes(path.replace('/app/', '')) || /node_modules$/.test(path));
    assert.ok(made, `${flags['from']} does not make ${path}`);
  }
});

test('calls the installer by its path, with options that it knows', async () => {
  const calls = all.flatMap(({ name, text }) =>
    name === 'RUN' ? [...text.matchAll(/node (\S+\.ts)(.*)$/g)] : [],
  );
  assert.equal(calls.length, 2);
  const variants = calls.map(async ([, script = '', options = '']) => {
    assert.ok(existsSync(join(repository, script)), script);
    assert.ok(manifest.scripts['backend:tensorflow'].endsWith(` ${script}`));
    const parsed = await parseOptions(options.trim().split(/\s+/), '/app');
    assert.equal(parsed?.into, '/opt/tensorflow');
    assert.equal(parsed?.isStripped, true);
    return parsed?.variant;
  });
  assert.deepEqual(await Promise.all(variants), ['cpu', 'cuda']);
});

for (const target of targets) {
  test(`${target} starts the trainer, finds TensorFlow, and has no rights`, () => {
    const last = (name: string): string =>
      instructionsOf(dockerfile, target).findLast((one) => one.name === name)?.text ?? '';
    const command = JSON.parse(last('ENTRYPOINT')) as string[];
    assert.equal(command[0], 'node');
    assert.ok(existsSync(join(repository, (command.at(-1) ?? '').replace('/app/', ''))));
    // A number, and never 0: the kubelet cannot tell whether a name is root's.
    assert.match(last('USER'), /^[1-9]\d*:[1-9]\d*$/);
    const env = environmentOf(dockerfile, target);
    assert.equal(env[environment.tensorflowHome], '/opt/tensorflow');
    for (const [name, path] of Object.entries(env).filter(([key]) => /_CACHE(_PATH)?$/.test(key))) {
      assert.match(path, /^\/tmp\//, `${name} must lead to the folder that can be written to`);
    }
  });
}

test('CUDA keeps what it compiles, where a volume can be mounted', () => {
  const { CUDA_CACHE_PATH, CUDA_CACHE_MAXSIZE } = environmentOf(dockerfile, 'trainer-gpu');
  assert.equal(CUDA_CACHE_PATH, '/tmp/cuda-cache');
  assert.equal(Number(CUDA_CACHE_MAXSIZE), 4 * 2 ** 30);
});

/**
 * What the Dockerfile does to build the image `trainer`, done without Docker: the same copies and
 * the same commands in folders that stand for the file systems of its stages, with the library of
 * the Python environment in place of a download. What comes out must train.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { environment } from '@tfjs-operator/api/environment.ts';
import type { Result } from '@tfjs-operator/api/result.ts';
import {
  environmentOf,
  instructionsOf,
  readDockerfile,
  repository,
  type Dockerfile,
} from '../dockerfile.ts';
import { startGang, testFolder } from '../gang.ts';
import { needsTensorflowAddon, tensorflowWheel } from '../tensorflow-addon.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { claims, makeVolumes, runConfigOf, topologies } from './run-config.ts';

const images = temporaryFolder('image-');
const target = 'trainer';

/** A path of a stage's file system. */
const inStage = (stage: string, path: string): string => join(images, stage, path);

/** Makes the file system of a stage, and first those that it begins with or takes from. */
async function build(dockerfile: Dockerfile, name: string): Promise<void> {
  const stage = dockerfile.stages.find((candidate) => candidate.name === name);
  // An image of somebody else: the machine of the test stands for it.
  if (stage === undefined || readdirSync(images).includes(name)) return;
  await build(dockerfile, stage.base);
  if (readdirSync(images).includes(stage.base))
    await link(join(images, stage.base), join(images, name));
  const before = instructionsOf(dockerfile, stage.base);
  let directory = before.findLast((one) => one.name === 'WORKDIR')?.text ?? '/';
  for (const { name: verb, flags, text } of stage.instructions) {
    if (verb === 'WORKDIR') mkdirSync(inStage(name, (directory = text)), { recursive: true });
    if (verb === 'COPY') {
      const from = flags['from'];
      if (from !== undefined) await build(dockerfile, from);
      const paths = text.split(/\s+/);
      const place = inStage(
        name,
        join((paths.at(-1) ?? '').startsWith('/') ? '' : directory, paths.pop() ?? ''),
      );
      for (const path of paths) {
        await (from === undefined
          ? copy(join(repository, path), place)
          : link(inStage(from, path), place));
      }
    }
    // The packages of Debian are what the machine of the test has.
    if (verb === 'RUN' && !text.includes('apt-get'))
      await command(text, name, inStage(name, directory));
  }
}

/** From the context, as COPY does it: a folder's content, or a file into a folder. */
async function copy(source: string, place: string): Promise<void> {
  await cp(source, targetOf(source, place), {
    recursive: true,
    verbatimSymlinks: true,
    // .dockerignore
    filter: (path) => !/\/(node_modules|trainer\/tensorflow)$/.test(path),
  });
}

/** From another stage: a second name for each file is as good as a copy, and costs nothing. */
async function link(source: string, place: string): Promise<void> {
  const target = targetOf(source, place);
  mkdirSync(dirname(target), { recursive: true });
  await promisify(execFile)('cp', ['--archive', '--link', '--no-target-directory', source, target]);
}

function targetOf(source: string, place: string): string {
  const isFolder = lstatSync(source).isDirectory();
  return isFolder || !/[/.]$/.test(place) ? place : join(place, basename(source));
}

async function command(text: string, stage: string, cwd: string): Promise<void> {
  const [file = '', ...args] = text.trim().split(/\s+/);
  await promisify(execFile)(
    file === 'node' ? process.execPath : file,
    args.map((arg) => (arg.startsWith('/opt/') ? inStage(stage, arg) : arg)),
    { cwd, env: { ...process.env, INIT_CWD: cwd }, maxBuffer: 1 << 26 },
  );
}

describe('the image of a worker, without Docker', needsTensorflowAddon(), () => {
  test('trains on TensorFlow with nothing but what is in it', async () => {
    const options = `--source ${await tensorflowWheel()} --link`;
    const dockerfile = readDockerfile({ TENSORFLOW_OPTIONS: options });
    await build(dockerfile, target);
    // A worker of the image has no rights: whatever is in it must be open to everyone.
    assert.deepEqual(closedToOthers(inStage(target, '/')), []);
    assert.deepEqual(readdirSync(inStage(target, '/app')).sort(), [
      'api',
      'node_modules',
      'package.json',
      'trainer',
    ]);

    await using folder = await testFolder();
    await makeVolumes(folder, { train: 64, test: 16 });
    mkdirSync(folder.claim(claims.output));
    const spec = { workers: { replicas: 1, backend: 'tensorflow' } };
    const runConfig = runConfigOf({ topology: topologies.mlp, replicas: 1, spec });
    const home = environmentOf(dockerfile, target)[environment.tensorflowHome] ?? '';
    const trainer = JSON.parse(
      instructionsOf(dockerfile, target).findLast(({ name }) => name === 'ENTRYPOINT')?.text ?? '',
    ) as string[];
    const gang = await startGang(folder, runConfig, 1, {
      env: { [environment.tensorflowHome]: inStage(target, home) },
      trainer: realpathSync(inStage(target, trainer.at(-1) ?? '')),
    });
    const [worker] = await gang.ends;
    assert.equal(worker?.code, 0, worker?.log);
    const file = join(folder.claim(claims.output), 'model', 'result.json');
    const { backend } = JSON.parse(readFileSync(file, 'utf8')) as Result;
    assert.match(backend.reason, /@tensorflow\/tfjs-node, TensorFlow 2\.\d+\.\d+/);
  });
});

/** Files that others may not read, and folders that they may not enter. */
function closedToOthers(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => {
      const { mode } = lstatSync(path);
      return (mode & 0o040000) === 0 ? (mode & 0o004) === 0 : (mode & 0o005) !== 0o005;
    });
}

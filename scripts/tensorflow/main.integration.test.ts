/**
 * The command itself, in a checkout of its own: what it installs trains, and whatever is missing
 * ends it with one sentence and a documented exit code, and leaves nothing.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import type { Result } from '@tfjs-operator/api/result.ts';
import {
  needsTensorflowAddon,
  tensorflowAddon,
  tensorflowWheel,
} from '../../test/tensorflow-addon.ts';
import {
  claims,
  makeVolumes,
  topologies,
  trainingJobOf,
} from '../../test/integration/run-config.ts';
import { testFolder } from '../../test/gang.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { installStatuses, type InstallReason } from './install-failure.ts';
import { deadAddress, loopbackMirror } from './loopback-mirror.testing.ts';
import { libraries } from './releases.ts';

const repository = join(import.meta.dirname, '..', '..');
const root = temporaryFolder('install-');
const checkout = join(root, 'checkout');
const parts = ['api', 'cli', 'operator', 'scripts', 'trainer'];
for (const part of parts) {
  cpSync(join(repository, part), join(checkout, part), {
    recursive: true,
    // Neither what npm installed, nor what a person staged.
    filter: (path) => !/\/(node_modules|trainer\/tensorflow)$/.test(path),
  });
}
symlinkSync(join(repository, 'node_modules'), join(checkout, 'node_modules'));
for (const part of parts) {
  const own = join(repository, part, 'node_modules');
  if (existsSync(own)) symlinkSync(own, join(checkout, part, 'node_modules'));
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything that could lead to what the person who tests has set up is set anew. */
const cleanEnvironment: Environment = {
  HOME: homedir(),
  PATH: process.env['PATH'],
  XDG_CACHE_HOME: join(root, 'cache'),
  npm_config_update_notifier: 'false',
};

function start(
  script: string,
  args: readonly string[],
  env: Environment = {},
): ReturnType<typeof spawn> {
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(checkout, script), ...args],
    {
      cwd: root,
      env: { ...cleanEnvironment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
}

async function ended(child: ReturnType<typeof spawn>): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (part: Buffer) => (stdout += part.toString('utf8')));
  child.stderr?.on('data', (part: Buffer) => (stderr += part.toString('utf8')));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

const install = (args: readonly string[], env?: Environment): Promise<Ended> =>
  ended(start('scripts/tensorflow/main.ts', args, env));

/** One sentence on standard error, the same as JSON, the code of its reason, and an empty cache. */
function assertFailure(
  { code, stdout, stderr }: Ended,
  reason: InstallReason,
  words: RegExp,
): void {
  assert.equal(code, installStatuses[reason].code, stderr);
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  assert.match(last, /^backend:tensorflow: .*\.$/);
  assert.match(last, words);
  const failure = JSON.parse(stdout) as Record<string, unknown>;
  const message = last.replace('backend:tensorflow: ', '');
  assert.deepEqual(failure, { type: 'failure', reason, message, exitCode: code });
  const kept = join(root, 'cache', 'tfjs-operator');
  assert.deepEqual(existsSync(kept) ? readdirSync(kept) : [], []);
}

/** A folder with these commands of the PATH and no others. */
function onlyCommands(...names: string[]): string {
  const folder = join(root, `bin-${names.join('-')}`);
  mkdirSync(folder, { recursive: true });
  symlinkSync(process.execPath, join(folder, 'node'));
  for (const name of names) {
    const found = (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((directory) => join(directory, name))
      .find((file) => existsSync(file));
    assert.ok(found, `${name} is needed by this test`);
    symlinkSync(found, join(folder, name));
  }
  return folder;
}

/** Runs a small job in the checkout, and gives name and reason of the backend that trained it. */
async function backendOfALocalRun(env: Environment): Promise<string> {
  await using folder = await testFolder();
  await makeVolumes(folder, { train: 64, test: 16 });
  mkdirSync(folder.claim(claims.output));
  const manifest = join(folder.path, 'job.json');
  writeFileSync(manifest, JSON.stringify(trainingJobOf({ topology: topologies.mlp, replicas: 1 })));
  const volumes = [claims.data, claims.output].flatMap((name) => [
    '--volume',
    `${name}=${folder.claim(name)}`,
  ]);
  const args = ['run', manifest, '--runs', join(folder.path, 'runs'), ...volumes];
  const { code, stderr } = await ended(start('cli/main.ts', args, env));
  assert.equal(code, 0, stderr);
  const file = join(folder.claim(claims.output), 'model', 'result.json');
  const { backend } = JSON.parse(readFileSync(file, 'utf8')) as Result;
  return `${backend.name}: ${backend.reason}`;
}

describe('npm run backend:tensorflow', needsTensorflowAddon(), () => {
  test('says how it is used', async () => {
    const { code, stdout } = await install(['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /npm run backend:tensorflow -- \[options\][\s\S]*--source PATH/);
  });

  test('lets the trainer of the checkout train without a word in the environment', async () => {
    await tensorflowAddon();
    const args = ['--source', await tensorflowWheel(), '--link', '--json'];
    // The tests' addon is kept under the same inputs: what they built is found again.
    const env = { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] };
    const { code, stdout, stderr } = await install(args, env);
    assert.equal(code, 0, stderr);
    const installed = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(installed['isNew'], false);
    assert.equal(installed['home'], await tensorflowAddon());
    assert.match(String(installed['backend']), /^@tensorflow\/tfjs-node, TensorFlow 2\.\d+\.\d+$/);
    assert.equal(readlinkSync(join(checkout, 'trainer', 'tensorflow')), installed['home']);

    assert.match(await backendOfALocalRun(env), /^tensorflow: .*TensorFlow 2\.\d+\.\d+/);
    // Only an empty variable means none at all.
    assert.match(await backendOfALocalRun({ ...env, TFJS_TENSORFLOW_HOME: '' }), /^wasm: /);
  });

  test('proves again what was there already, and finds out when it broke', async () => {
    const home = join(root, 'home');
    cpSync(await tensorflowAddon(), home, { recursive: true, verbatimSymlinks: true });
    const args = ['--source', await tensorflowWheel(), '--link', '--into', home, '--json'];
    const whole = await install(args);
    assert.equal(whole.code, 0, whole.stderr);
    assert.equal((JSON.parse(whole.stdout) as Record<string, unknown>)['isNew'], false);
    assert.equal(whole.stderr, '', 'and does it without a word');
    assert.ok(!existsSync(join(home, 'node_modules/@tensorflow/tfjs-node-gpu')), 'one of the two');

    const library = join(home, 'node_modules/@tensorflow/tfjs-node/deps/lib', libraries[0]);
    rmSync(library);
    writeFileSync(library, 'not a library');
    const broken = await install(args);
    assertFailure(
      broken,
      'AddonUnusable',
      /does not load \(.*libtensorflow_cc\.so\.2.*\); delete that/,
    );
  });

  test('never empties a folder that is somebody’s own', async () => {
    const folder = join(root, 'own');
    mkdirSync(folder);
    writeFileSync(join(folder, 'thesis.md'), 'three years');
    assertFailure(
      await install(['--into', folder, '--json']),
      'StorageError',
      /own is not empty; delete it/,
    );
    assert.deepEqual(readdirSync(folder), ['thesis.md']);
  });

  test('does not know an option', async () => {
    assertFailure(await install(['--gpu', '--json']), 'UsageError', /Unknown option '--gpu'; see/);
  });

  const missing: readonly [string, readonly string[], readonly string[], RegExp][] = [
    ['a compiler', [], [], /g\+\+ is not on the PATH; install a C\+\+ compiler/],
    ['pip', ['g++'], [], /pip is neither a module of python3 nor on the PATH; install it/],
    ['strip', ['g++'], ['--strip'], /strip is not on the PATH; install it .*binutils/],
  ];
  for (const [what, commands, args, words] of missing) {
    test(`says that ${what} is missing before it downloads anything`, async () => {
      const env = { PATH: onlyCommands(...commands) };
      rmSync(join(root, 'cache'), { recursive: true, force: true });
      assertFailure(await install([...args, '--json'], env), 'ToolMissing', words);
      rmSync(env.PATH, { recursive: true });
    });
  }

  test('says that npm is missing', async () => {
    const args = ['--source', await tensorflowWheel(), '--json'];
    const ended_ = await install(args, { PATH: onlyCommands('g++') });
    assertFailure(ended_, 'ToolMissing', /npm is not on the PATH; it comes with Node\.js/);
  });

  test('says what npm says where its registry does not answer', async () => {
    const env = {
      npm_config_registry: await deadAddress(),
      npm_config_cache: join(root, 'npm-cache'),
      npm_config_fetch_retries: '0',
    };
    const args = ['--source', await tensorflowWheel(), '--json'];
    const words =
      /npm cannot install @tensorflow\/tfjs-node 4\.22\.0 \(ECONNREFUSED: .*npm config get/;
    assertFailure(await install(args, env), 'DownloadFailed', words);
  });

  test('refuses a disk that is too small, with both numbers', async (t) => {
    const disk = join(root, 'disk');
    mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]).status !== 0) {
      t.skip('mounting a tmpfs needs root and the right to mount');
      return;
    }
    t.after(() => spawnSync('umount', ['--lazy', disk]));
    const ended_ = await install(['--json'], { XDG_CACHE_HOME: disk });
    assertFailure(
      ended_,
      'StorageError',
      /has 8\.0 MiB of free space, and 1\.\d GiB are needed .*XDG_CACHE_HOME/,
    );
    assert.deepEqual(readdirSync(join(disk, 'tfjs-operator')), []);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} ends it and its tools, and leaves nothing`, async () => {
      await using registry = await loopbackMirror(() => undefined);
      const env = {
        npm_config_registry: registry.url,
        npm_config_cache: join(root, 'npm-cache-2'),
      };
      const args = ['--source', await tensorflowWheel(), '--link', '--json'];
      const child = start('scripts/tensorflow/main.ts', args, env);
      const ending = ended(child);
      while (registry.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      child.kill(signal);
      assertFailure(await ending, 'Interrupted', /Stopped; nothing was installed/);
    });
  }
});

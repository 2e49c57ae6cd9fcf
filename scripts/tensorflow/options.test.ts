import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { installStatuses } from './install-failure.ts';
import { helpText, parseOptions } from './options.ts';
import { libraries } from './releases.ts';

const cwd = temporaryFolder('options-');
for (const folder of ['flat', 'nested/lib', 'half'])
  mkdirSync(join(cwd, folder), { recursive: true });
for (const library of libraries) {
  writeFileSync(join(cwd, 'flat', library), '');
  writeFileSync(join(cwd, 'nested/lib', library), '');
}
writeFileSync(join(cwd, 'half', libraries[0]), '');
writeFileSync(join(cwd, 'a.whl'), '');

test('the default is pip as it is configured, for the CPU, into the cache', async () => {
  assert.deepEqual(await parseOptions([], cwd), {
    variant: 'cpu',
    source: { kind: 'pip' },
    isStripped: false,
    into: undefined,
    isJson: false,
  });
});

test('paths begin where the person is', async () => {
  const source = async (...args: string[]): Promise<unknown> =>
    (await parseOptions(['--source', ...args], cwd))?.source;
  assert.deepEqual(await source('flat'), {
    kind: 'folder',
    path: join(cwd, 'flat'),
    isLinked: false,
  });
  assert.deepEqual(await source('nested', '--link'), {
    kind: 'folder',
    path: join(cwd, 'nested/lib'),
    isLinked: true,
  });
  assert.deepEqual(await source('a.whl'), { kind: 'archive', path: join(cwd, 'a.whl') });
  assert.equal((await parseOptions(['--into', 'home'], cwd))?.into, join(cwd, 'home'));
});

const mirror = 'https://mirror.example/simple';

test('a mirror goes with either registry', async () => {
  const source = async (kind: string): Promise<unknown> =>
    (await parseOptions(['--source', kind, '--mirror', mirror], cwd))?.source;
  assert.deepEqual(await source('pip'), { kind: 'pip', mirror });
  assert.deepEqual(await source('maven'), { kind: 'maven', mirror });
});

const wrong: readonly [string, keyof typeof installStatuses, RegExp][] = [
  ['--sorce pip', 'UsageError', /^Unknown option '--sorce'; see .* --help\.$/],
  ['--into', 'UsageError', /^Option '--into <value>' argument missing; see/],
  ['extra', 'UsageError', /^Unexpected argument 'extra'/],
  ['--mirror nowhere', 'UsageError', /^--mirror is "nowhere", which is no URL; see/],
  ['--source maven', 'UsageError', /^--source maven needs the address of the repository: --mirror/],
  [`--source maven --mirror ${mirror} --cuda`, 'UsageError', /^--cuda needs libraries that Maven/],
  ['--source a.whl --cuda', 'UsageError', /^--cuda needs 13 wheels/],
  [`--source flat --mirror ${mirror}`, 'UsageError', /^--mirror goes with --source pip or maven/],
  ['--link', 'UsageError', /^--link goes with a folder/],
  ['--source flat --link --strip', 'UsageError', /^--strip would change the libraries/],
  [
    '--source conda',
    'StorageError',
    /^--source is .*\/conda, which is not there; give pip, maven,/,
  ],
  ['--source half', 'StorageError', /half has no libtensorflow_cc\.so\.2 and .*; give the folder/],
];

for (const [line, reason, message] of wrong) {
  test(`is refused in a sentence: ${line}`, async () => {
    await assert.rejects(parseOptions(line.split(' '), cwd), { reason, message });
  });
}

test('help is asked for by --help and by -h, and lists every exit code', async () => {
  assert.equal(await parseOptions(['--help', '--source', 'nowhere'], cwd), undefined);
  assert.equal(await parseOptions(['-h'], cwd), undefined);
  for (const { code, meaning } of Object.values(installStatuses)) {
    assert.ok(helpText.includes(`\n  ${String(code).padEnd(4)} ${meaning}\n`), meaning);
  }
  assert.ok(helpText.split('\n').every((line) => line.length <= 110));
});

test('the guide lists the same exit codes', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/tensorflow.md'), 'utf8');
  const rows = [...guide.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, text]) => [
    Number(code),
    text,
  ]);
  assert.deepEqual(
    rows,
    Object.values(installStatuses).map(({ code, meaning }) => [code, meaning]),
  );
});

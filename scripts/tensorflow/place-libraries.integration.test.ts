/** Real pip and real HTTP against mirrors on the loopback that deliver, lie, fail and vanish. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { needsPython, pythonBinary } from '../../test/python.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { downloadArguments } from './download-wheel.ts';
import { deadAddress, loopbackMirror, serving } from './loopback-mirror.testing.ts';
import { bytesNeeded, placeLibraries, type Placing } from './place-libraries.ts';
import { createProgress } from './progress.ts';
import { libraries, releaseFor, type Release, type Wheel } from './releases.ts';
import type { Source } from './source.ts';
import { aZip } from './zip-archive.testing.ts';

const root = temporaryFolder('libraries-');
const release = releaseFor('cpu', 'x64')!;
const [wheel] = release.wheels as [Wheel];
const jar = release.jar!;

/** A small archive with the libraries, as a wheel that pip takes. */
const small = aZip({
  'tensorflow/libtensorflow_cc.so.2': { content: Buffer.from('cc') },
  'tensorflow/libtensorflow_framework.so.2': { content: Buffer.from('framework') },
  'tensorflow_cpu-2.21.0.dist-info/METADATA': {
    content: Buffer.from('Metadata-Version: 2.1\nName: tensorflow-cpu\nVersion: 2.21.0\n'),
  },
  'tensorflow_cpu-2.21.0.dist-info/WHEEL': {
    content: Buffer.from(
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_27_x86_64\n',
    ),
  },
  'tensorflow_cpu-2.21.0.dist-info/RECORD': { content: Buffer.alloc(0) },
});

const index = {
  '/tensorflow-cpu/': `<html><body><a href="/files/${wheel.file}">${wheel.file}</a></body></html>`,
};

/** pip of the tests' own environment first, two tries, and no index but the one that is named. */
async function placing(env: Readonly<Record<string, string>> = {}): Promise<Placing> {
  const bin = dirname(await pythonBinary());
  return {
    env: {
      ...process.env,
      PATH: `${bin}:${process.env['PATH']}`,
      PIP_CONFIG_FILE: '/dev/null',
      PIP_RETRIES: '1',
      PIP_FIND_LINKS: '',
      ...env,
    },
    signal: new AbortController().signal,
    progress: createProgress({ write: () => undefined }),
  };
}

async function place(source: Source, of: Release = release, env = {}): Promise<string> {
  const deps = mkdtempSync(join(root, 'deps-'));
  await placeLibraries(source, of, deps, await placing(env));
  return deps;
}

/** The release as if the small archive had been published. */
function published(): Release {
  const sha256 = createHash('sha256').update(small).digest('hex');
  const truth = { bytes: small.length, sha256 };
  return { ...release, wheels: [{ ...wheel, ...truth }], jar: { ...jar, ...truth } };
}

function assertPlaced(deps: string): void {
  assert.deepEqual(readdirSync(deps), ['lib'], 'no download stays');
  const content = libraries.map((name) => readFileSync(join(deps, 'lib', name), 'utf8'));
  assert.deepEqual(content, ['cc', 'framework']);
}

test('pip brings the wheel from a mirror', needsPython(), async () => {
  await using mirror = await loopbackMirror(serving({ ...index, [wheel.file]: small }));
  assertPlaced(await place({ kind: 'pip', mirror: mirror.url }, published()));
  assert.ok(mirror.asked.some((path) => path.endsWith(wheel.file)));
});

test("pip's own configuration names the index", needsPython(), async () => {
  await using mirror = await loopbackMirror(serving({ ...index, [wheel.file]: small }));
  assertPlaced(await place({ kind: 'pip' }, published(), { PIP_INDEX_URL: mirror.url }));
});

test('a folder of wheels is an index for pip, without a network', needsPython(), async () => {
  const folder = mkdtempSync(join(root, 'wheels-'));
  writeFileSync(join(folder, wheel.file), small);
  const env = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder };
  assertPlaced(await place({ kind: 'pip' }, published(), env));
});

test('a Maven repository brings the jar', needsPython(), async () => {
  await using mirror = await loopbackMirror(
    serving({ [`/maven2/${jar.path}/${jar.file}`]: small }),
  );
  const source = { kind: 'maven', mirror: `${mirror.url}/maven2/` } as const;
  assertPlaced(await place(source, published()));
});

test('a Maven repository is told the password in its address', needsPython(), async () => {
  await using mirror = await loopbackMirror(({ headers }, response) => {
    response.statusCode = headers.authorization === `Basic ${btoa('me:p@ss')}` ? 200 : 401;
    response.end(small);
  });
  const address = mirror.url.replace('//', '//me:p%40ss@');
  assertPlaced(await place({ kind: 'maven', mirror: address }, published()));
});

test('a wheel that is not the published one is refused by its size', needsPython(), async () => {
  await using mirror = await loopbackMirror(serving({ ...index, [wheel.file]: small }));
  await assert.rejects(place({ kind: 'pip', mirror: mirror.url }), {
    reason: 'DamagedArchive',
    message: new RegExp(
      `^${wheel.file} is not the published file: it has [\\d,]+ bytes instead of 273,829,956; `,
    ),
  });
});

test('a jar with one wrong byte is refused by its checksum', needsPython(), async () => {
  const wrong = Buffer.from(small);
  wrong[40] = wrong[40]! ^ 1;
  await using mirror = await loopbackMirror(serving({ [jar.file]: wrong }));
  await assert.rejects(place({ kind: 'maven', mirror: mirror.url }, published()), {
    reason: 'DamagedArchive',
    message: /its SHA-256 is [0-9a-f]{64} instead of [0-9a-f]{64}; download it again, or correct/,
  });
});

test('a published file from a disk is held to its checksum too, another one is not', async () => {
  const folder = mkdtempSync(join(root, 'archives-'));
  const [renamed, pretending] = [join(folder, 'own-build.whl'), join(folder, wheel.file)];
  for (const file of [renamed, pretending]) writeFileSync(file, small);
  assertPlaced(await place({ kind: 'archive', path: renamed }));
  await assert.rejects(place({ kind: 'archive', path: pretending }), { reason: 'DamagedArchive' });
});

const failures: readonly [string, () => Promise<Source>, RegExp][] = [
  [
    'pip without a network',
    async () => ({ kind: 'pip', mirror: await deadAddress() }),
    /^pip cannot download tensorflow-cpu 2\.21\.0 \(No matching .*: Failed to establish a new connection: .*refused\); check the network and pip's index .*--mirror\.$/,
  ],
  [
    'Maven without a network',
    async () => ({ kind: 'maven', mirror: await deadAddress() }),
    /^http:.*\.jar cannot be downloaded \(ECONNREFUSED\); check the network and the address/,
  ],
];

for (const [name, source, message] of failures) {
  test(`is said in a sentence: ${name}`, needsPython(), async () => {
    await assert.rejects(place(await source()), { reason: 'DownloadFailed', message });
  });
}

test('an index without the version is said in a sentence', needsPython(), async () => {
  await using mirror = await loopbackMirror(serving({ '/tensorflow-cpu/': '<html></html>' }));
  await assert.rejects(place({ kind: 'pip', mirror: mirror.url }), {
    reason: 'DownloadFailed',
    message: /\(No matching distribution found for tensorflow-cpu==2\.21\.0\)/,
  });
});

test('a repository without the jar, and one that breaks off, are said', needsPython(), async () => {
  await using empty = await loopbackMirror(serving({}));
  await assert.rejects(place({ kind: 'maven', mirror: empty.url }), {
    reason: 'DownloadFailed',
    message: /\.jar cannot be downloaded \(the server says 404 Not Found\)/,
  });
  await using breaking = await loopbackMirror((_, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('half', () => response.destroy());
  });
  await assert.rejects(place({ kind: 'maven', mirror: breaking.url }), {
    reason: 'DownloadFailed',
    message: /\.jar cannot be downloaded \(/,
  });
});

test('a folder is copied, or linked to', async () => {
  const folder = join(mkdtempSync(join(root, 'site-packages-')), 'tensorflow');
  await mkdir(folder);
  libraries.forEach((name, at) => writeFileSync(join(folder, name), ['cc', 'framework'][at]!));
  for (const isLinked of [false, true]) {
    const deps = await place({ kind: 'folder', path: folder, isLinked });
    assertPlaced(deps);
    const { dev, ino } = statSync(join(deps, 'lib', libraries[0]));
    const original = statSync(join(folder, libraries[0]));
    assert.equal(dev === original.dev && ino === original.ino, isLinked);
  }
});

test("CUDA's libraries come with the folder, wherever pip has put them", async () => {
  const packages = mkdtempSync(join(root, 'site-packages-'));
  const folder = join(packages, 'tensorflow');
  await mkdir(folder);
  for (const name of libraries) writeFileSync(join(folder, name), '');
  const cuda = releaseFor('cuda', 'x64')!;
  const source = { kind: 'folder', path: folder, isLinked: true } as const;
  await assert.rejects(place(source, cuda), {
    reason: 'StorageError',
    message:
      /has nvidia\/ with CUDA's libraries, which --cuda needs; install tensorflow\[and-cuda\]/,
  });
  await mkdir(join(packages, 'nvidia', 'cudnn', 'lib'), { recursive: true });
  for (const isLinked of [true, false]) {
    const deps = await place({ ...source, isLinked }, cuda);
    assert.deepEqual(readdirSync(join(deps, 'nvidia')), ['cudnn']);
  }
});

test('the room that is needed counts downloads, what they hold, and npm', () => {
  const needed = (source: Source, of = release): number => bytesNeeded(source, of) / 1e9;
  const path = '/opt/tensorflow';
  const linked = needed({ kind: 'folder', path, isLinked: true });
  assert.ok(linked > 0.1 && linked < 0.5);
  assert.ok(needed({ kind: 'folder', path, isLinked: false }) > linked + 0.8);
  assert.ok(needed({ kind: 'pip' }) > needed({ kind: 'maven', mirror: 'https://x.example' }));
  assert.ok(needed({ kind: 'pip' }, releaseFor('cuda', 'x64')!) > 6);
});

test('the wheels of CUDA are asked for as pip names them', () => {
  for (const cuda of releaseFor('cuda', 'x64')!.wheels) {
    const args = downloadArguments(cuda, '/downloads');
    const platforms = args.filter((_, at) => args[at - 1] === '--platform');
    assert.ok(platforms.length > 0 && platforms.every((tag) => tag.endsWith('_x86_64')), cuda.file);
    assert.equal(args.at(-1), `${cuda.project}==${cuda.version}`);
    assert.ok(basename(cuda.file).startsWith(cuda.project.replaceAll('-', '_')));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseOn, thisPlatform, type Platform } from './platform.ts';
import type { Variant } from './releases.ts';

const debian: Platform = { system: 'linux', architecture: 'x64', glibc: '2.36' };

test('x64 and arm64 with glibc have a library, only x64 one for CUDA', () => {
  const names = (platform: Platform, variant: Variant): string[] =>
    releaseOn(platform, variant).wheels.map(({ project }) => project);
  assert.deepEqual(names(debian, 'cpu'), ['tensorflow-cpu']);
  assert.deepEqual(names({ ...debian, architecture: 'arm64' }, 'cpu'), ['tensorflow']);
  assert.deepEqual(names({ ...debian, glibc: '2.27' }, 'cpu'), ['tensorflow-cpu']);
  const cuda = names(debian, 'cuda');
  assert.equal(cuda[0], 'tensorflow');
  assert.equal(cuda.filter((name) => /^nvidia-.*-cu12$/.test(name)).length, 12);
});

const refused: readonly [Partial<Platform>, Variant, RegExp][] = [
  [{ system: 'darwin' }, 'cpu', /this system is darwin, .*; train with the backend wasm/],
  [{ glibc: undefined }, 'cpu', /no glibc \(Alpine .* musl\); use an image with a later glibc/],
  [{ glibc: '2.17' }, 'cpu', /has glibc 2\.17, and it needs 2\.27; use an image/],
  [{ architecture: 'riscv64' }, 'cpu', /this processor is riscv64, .* x64 and arm64; train with/],
  [{ architecture: 'arm64' }, 'cuda', /published for x64, .* is arm64; leave out --cuda\.$/],
  [{ architecture: 'riscv64' }, 'cuda', /this processor is riscv64/],
];

for (const [difference, variant, words] of refused) {
  test(`is refused in a sentence: ${JSON.stringify(difference)} ${variant}`, () => {
    assert.throws(() => releaseOn({ ...debian, ...difference }, variant), {
      reason: 'PlatformUnsupported',
      message: words,
    });
  });
}

test('the facts about this machine are the running Node’s', () => {
  const { system, architecture, glibc } = thisPlatform();
  assert.deepEqual([system, architecture], [process.platform, process.arch]);
  if (system === 'linux') assert.match(glibc ?? 'musl', /^(2\.\d+|musl)$/);
});

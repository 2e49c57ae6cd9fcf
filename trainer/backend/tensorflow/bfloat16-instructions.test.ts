/** What Linux says about a processor, on files as x86 and arm64 have them. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { hasBfloat16Instructions } from './bfloat16-instructions.ts';

function onProcessor(cpuinfo: string): boolean | undefined {
  const folder = temporaryFolder('bfloat16-');
  mkdirSync(join(folder, 'proc'));
  writeFileSync(join(folder, 'proc/cpuinfo'), cpuinfo);
  return hasBfloat16Instructions(folder);
}

test('x86 names two sets of instructions, arm64 one', () => {
  assert.equal(onProcessor('processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n'), true);
  assert.equal(onProcessor('processor\t: 0\nflags\t\t: fpu amx_bf16 amx_tile\n'), true);
  assert.equal(onProcessor('processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n'), true);
});

test('a part of another name does not count', () => {
  assert.equal(onProcessor('flags\t\t: fpu avx512f avx512_bf16x\nbugs\t: bf16\n'), false);
});

test('without a list nothing is known', () => {
  assert.equal(onProcessor('processor\t: 0\n'), undefined);
  assert.equal(hasBfloat16Instructions(temporaryFolder('bfloat16-')), undefined);
});

/** Real compilers on sources and libraries that are not what they should be. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { compileAddon, requireCompiler } from './compile-addon.ts';
import type { Surroundings } from './run-tool.ts';
import { stripLibraries } from './strip-libraries.ts';
import { libraries } from './releases.ts';

const home = temporaryFolder('compile-');
const tfjsNode = join(home, 'tfjs-node');
for (const folder of ['binding', 'deps/lib'])
  mkdirSync(join(tfjsNode, folder), { recursive: true });
for (const library of libraries)
  writeFileSync(join(tfjsNode, 'deps/lib', library), 'not a library');

function surroundings(env: Readonly<Record<string, string>> = {}): Surroundings {
  return { env: { ...process.env, CXX: '', ...env }, signal: new AbortController().signal };
}

test('what the compiler does not like is said in its words', async () => {
  writeFileSync(join(tfjsNode, 'binding', 'a.cc'), '#include "tensorflow/c/no_such.h"\n');
  await assert.rejects(compileAddon(home, tfjsNode, surroundings()), {
    reason: 'BuildFailed',
    message:
      /^g\+\+ cannot build the addon of tfjs-node \(tensorflow\/c\/no_such\.h: No such file or directory\); it needs C\+\+17, so GCC 8/,
  });
});

test('a library that is none is found by the linker', async () => {
  writeFileSync(join(tfjsNode, 'binding', 'a.cc'), '#include "tensorflow/c/c_api.h"\n');
  await assert.rejects(compileAddon(home, tfjsNode, surroundings()), {
    reason: 'BuildFailed',
    message: /^g\+\+ cannot build the addon of tfjs-node \(/,
  });
});

test('a compiler that is named and not there is named in the sentence', async () => {
  await assert.rejects(requireCompiler(surroundings({ CXX: 'clang++-99' })), {
    reason: 'ToolMissing',
    message:
      /^clang\+\+-99 is not on the PATH; install a C\+\+ compiler .* or name yours with CXX\.$/,
  });
});

test('strip says what it cannot strip', async () => {
  await assert.rejects(stripLibraries(join(tfjsNode, 'deps/lib'), surroundings()), {
    reason: 'BuildFailed',
    message: /^strip fails on TensorFlow's libraries \(.*file format not recognized\); leave out/,
  });
});

/**
 * The addon of tfjs-node from its own, unchanged sources, against the C headers of TensorFlow in
 * include/ and the libraries in `deps/lib`. Plain g++ without node-gyp: two files, and no headers of
 * Node but those of Node-API, which are the same for every version.
 */
import { glob, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallFailure } from './install-failure.ts';
import { libraries } from './releases.ts';
import { problemLine, runTool, type Surroundings } from './run-tool.ts';

/** Newest of those for which tfjs-node has a folder; any later Node has it as well. */
const napiVersion = 8;

const wayOut = 'install a C++ compiler (Debian: apt-get install g++), or name yours with CXX';

/**
 * @param home folder with node_modules.
 * @param tfjsNode folder of the package in it, with the libraries in `deps/lib`.
 * @throws InstallFailure ToolMissing, BuildFailed.
 */
export async function compileAddon(
  home: string,
  tfjsNode: string,
  surroundings: Surroundings,
): Promise<void> {
  const output = join(tfjsNode, 'lib', `napi-v${napiVersion}`);
  await mkdir(output, { recursive: true });
  const sources = await Array.fromAsync(glob('binding/*.cc', { cwd: tfjsNode }));
  const command = compilerOf(surroundings);
  const end = await runTool(
    {
      command,
      args: [
        ...['-O2', '-std=c++17', '-shared', '-fPIC', '-w', `-DNAPI_VERSION=${napiVersion}`],
        `-I${join(home, 'node_modules', 'node-api-headers', 'include')}`,
        `-I${join(import.meta.dirname, 'include')}`,
        ...sources.sort(),
        `-L${join(tfjsNode, 'deps', 'lib')}`,
        ...libraries.map((library) => `-l:${library}`),
        // What the libraries need themselves, CUDA for one, is found when they are loaded.
        '-Wl,--allow-shlib-undefined',
        '-Wl,-rpath,$ORIGIN/../../deps/lib',
        ...['-o', join(output, 'tfjs_binding.node')],
      ],
      cwd: tfjsNode,
      wayOut,
    },
    surroundings,
  );
  if (end.code === 0) return;
  throw new InstallFailure(
    'BuildFailed',
    `${command} cannot build the addon of tfjs-node (${problemLine(end.stderr, /^.*?(fatal error|error): /)}); it needs C++17, so GCC 8 or Clang 7 at least.`,
  );
}

/** @throws InstallFailure ToolMissing: asked first, so that nobody downloads for nothing. */
export async function requireCompiler(surroundings: Surroundings): Promise<void> {
  await runTool({ command: compilerOf(surroundings), args: ['--version'], wayOut }, surroundings);
}

/** As make and CMake do. */
function compilerOf({ env }: Surroundings): string {
  return env['CXX'] || 'g++';
}

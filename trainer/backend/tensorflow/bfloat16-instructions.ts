/**
 * Whether the processor multiplies bfloat16 by instructions of its own. Where it does not,
 * TensorFlow computes the same, slower than in float32. Pure but for reading one file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Linux's names: x86 (`flags`) has two sets of them, arm64 (`Features`) one. */
const instructionSets = ['avx512_bf16', 'amx_bf16', 'bf16'];

/**
 * @returns undefined where the system does not tell: no Linux, or a processor without that list.
 * @param root of the file system; another one in tests.
 */
export function hasBfloat16Instructions(root = '/'): boolean | undefined {
  const lines = readIfThere(join(root, 'proc/cpuinfo'))?.split('\n') ?? [];
  // Of the first processor: a machine's processors are alike.
  const flags = lines.find((line) => /^(flags|Features)\s*:/.test(line));
  const words = new Set(flags?.slice(flags.indexOf(':') + 1).split(/\s+/));
  return flags === undefined ? undefined : instructionSets.some((name) => words.has(name));
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not Linux.
    return undefined;
  }
}

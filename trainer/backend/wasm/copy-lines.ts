/** Copies lines that lie apart, as wasm code: an image into or out of a larger one. */
import { defineFunction, loopUntilZero, type WasmFunction } from './assembler.ts';
import { i32, memoryCopy } from './instructions.ts';

/** Copies `lines` (at least 1) lines of `bytes`, each `fromLine` and `toLine` bytes after the last. */
export const copyLines: WasmFunction = defineFunction(
  'copyLines',
  ['lines', 'bytes', 'from', 'fromLine', 'to', 'toLine'],
  {},
  ({ get, increase }) =>
    loopUntilZero(get('lines'), [
      ...memoryCopy(get('to'), get('from'), get('bytes')),
      ...increase('from', get('fromLine')),
      ...increase('to', get('toLine')),
      ...increase('lines', i32.constant(-1)),
    ]),
);

import assert from 'node:assert/strict';
import test from 'node:test';
import { assembleModule, defineFunction, loopWhile, type Code } from './assembler.ts';
import { f32, i32 } from './instructions.ts';

/** TypeScript declares WebAssembly in its browser library only; see web-assembly.d.ts. */
type CreateMemory = new (limits: { initial: number }) => WebAssembly.Memory;

function run(body: Code, locals: Record<string, 'i32' | 'f32'> = {}): DataView {
  const memory = new (WebAssembly.Memory as unknown as CreateMemory)({ initial: 1 });
  const bytes = assembleModule([defineFunction('run', [], locals, () => body)]);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  (instance.exports['run'] as () => void)();
  return new DataView(memory.buffer);
}

test('integer constants of every length arrive unchanged', () => {
  const constants = [
    0,
    1,
    63,
    64,
    127,
    128,
    8191,
    8192,
    2 ** 20,
    2 ** 31 - 1,
    -1,
    -64,
    -65,
    -8193,
    -(2 ** 31),
  ];
  const asFloatBits = constants.flatMap((value, index) => {
    // The kernels store floats only: copy the integer's bits through a sum of addresses.
    const address = i32.constant(index * 4);
    const count = i32.add(i32.constant(value), i32.constant(0));
    return [...address, ...count, 0x36, 2, 0];
  });
  const memory = run(asFloatBits);
  assert.deepEqual(
    constants.map((_, index) => memory.getInt32(index * 4, true)),
    constants,
  );
});

test('offsets beyond one byte and loops work', () => {
  const body = defineFunction('run', [], { i: 'i32' }, ({ get, set, increase }) => [
    ...set('i', i32.constant(0)),
    ...loopWhile(i32.isLess(get('i'), i32.constant(40)), [
      ...f32.store(get('i'), f32.add(f32.load(get('i'), 400), f32.load(get('i'), 800)), 1200),
      ...increase('i', i32.constant(4)),
    ]),
  ]);
  const memory = new (WebAssembly.Memory as unknown as CreateMemory)({ initial: 1 });
  const floats = new Float32Array(memory.buffer).map((_, index) => index);
  new Float32Array(memory.buffer).set(floats);
  const module = new WebAssembly.Module(assembleModule([body]));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  (instance.exports['run'] as () => void)();
  const after = new Float32Array(memory.buffer);
  for (let index = 0; index < 10; index++) {
    assert.equal(after[300 + index], 100 + index + 200 + index);
  }
  assert.equal(after[310], 310);
});

test('a name that no local has is refused when the function is written', () => {
  assert.throws(
    () => defineFunction('f', ['a'], {}, ({ get }) => get('b')),
    /function f has no local b/,
  );
});

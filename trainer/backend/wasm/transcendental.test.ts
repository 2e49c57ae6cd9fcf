import assert from 'node:assert/strict';
import test from 'node:test';
import { assembleModule } from './assembler.ts';
import { defineFlatLoop } from './element-loops.ts';
import { availableMultiplyAdd, separateMultiplyAdd, type MultiplyAdd } from './multiply-add.ts';
import { transcendentalLocals, transcendentals, type Transcendentals } from './transcendental.ts';

/** TypeScript declares WebAssembly in its browser library only; see web-assembly.d.ts. */
type CreateMemory = new (limits: { initial: number }) => WebAssembly.Memory;

function apply(
  name: keyof Transcendentals,
  values: Float32Array,
  multiplyAdd: MultiplyAdd,
): Float32Array {
  const loop = defineFlatLoop(
    'run',
    { arrays: ['x', 'y'], values: ['result', ...Object.keys(transcendentalLocals)] },
    ({ get, set, load, store }) => [
      ...transcendentals({ get, set }, multiplyAdd)[name]('result', load('x')),
      ...store('y', get('result')),
    ],
  );
  const memory = new (WebAssembly.Memory as unknown as CreateMemory)({ initial: 16 });
  const module = new WebAssembly.Module(assembleModule([loop]));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  new Float32Array(memory.buffer).set(values);
  const run = exports['run'] as (...numbers: number[]) => void;
  run(values.length, 0, values.byteLength);
  return new Float32Array(memory.buffer, values.byteLength, values.length).slice();
}

const references: Readonly<Record<keyof Transcendentals, (x: number) => number>> = {
  exponential: Math.exp,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

/** Both ends, small numbers of both signs, and a fine grid between. */
const values = Float32Array.from([
  ...Array.from({ length: 17_400 }, (_, index) => (index - 8_700) / 100),
  ...Array.from({ length: 8_001 }, (_, index) => (index - 4_000) / 4_001),
  ...[1e-3, 1e-6, 1e-20, 1e-38].flatMap((small) => [small, -small]),
  ...[0, 0.625, -0.625, 9.1, -9.1],
]);

for (const [kind, multiplyAdd] of [
  ['the available', availableMultiplyAdd()],
  ['a separate', separateMultiplyAdd],
] as const) {
  for (const [name, reference] of Object.entries(references)) {
    test(`${name} is right to 3e-7 relative, with ${kind} multiply-add`, () => {
      const actual = apply(name as keyof Transcendentals, values, multiplyAdd);
      for (const [index, x] of values.entries()) {
        const expected = reference(x);
        const error = Math.abs(actual[index]! - expected);
        assert.ok(error <= 3e-7 * Math.abs(expected), `${name}(${x}) is ${actual[index]}`);
      }
    });
  }
}

test('infinities saturate and what is not a number stays so', () => {
  const ends = Float32Array.of(Infinity, -Infinity, NaN, 200, -200);
  const on = (name: keyof Transcendentals): number[] =>
    Array.from(apply(name, ends, availableMultiplyAdd()));
  assert.deepEqual(on('tanh'), [1, -1, NaN, 1, -1]);
  const [high, low, none, ...far] = on('sigmoid');
  assert.ok(high === 1 && low! < 1e-37 && Number.isNaN(none));
  assert.ok(far[0] === 1 && far[1]! < 1e-37);
});

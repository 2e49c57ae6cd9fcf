/**
 * left * right + addend on four floats: one instruction where this engine has relaxed SIMD (Node 22
 * and later, with the rounding of a fused multiply-add on processors that have one), else two. The
 * choice is made once per process: a run repeats to the bit on the same machine and Node.
 */
import { assembleModule, defineFunction, type Code } from './assembler.ts';
import { f32x4, i32, v128 } from './instructions.ts';

export type MultiplyAdd = (left: Code, right: Code, addend: Code) => Code;

export const separateMultiplyAdd: MultiplyAdd = (left, right, addend) =>
  f32x4.add(f32x4.multiply(left, right), addend);

/** What this engine compiles. */
export function availableMultiplyAdd(): MultiplyAdd {
  const zero = v128.zero();
  const probe = defineFunction('probe', [], {}, () =>
    v128.store(i32.constant(0), f32x4.relaxedMultiplyAdd(zero, zero, zero)),
  );
  return WebAssembly.validate(assembleModule([probe]))
    ? f32x4.relaxedMultiplyAdd
    : separateMultiplyAdd;
}

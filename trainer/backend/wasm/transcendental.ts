/**
 * exp, sigmoid and tanh of four floats, as wasm code, to about two units in the last place; exp ends
 * at 1e-38 and 2e38 instead of 0 and Infinity. The approximations are those of the Cephes library (S. Moshier, single/expf.c and single/tanhf.c).
 */
import type { Code, ValueType } from './assembler.ts';
import { f32x4, i32x4, v128 } from './instructions.ts';
import type { MultiplyAdd } from './multiply-add.ts';

/** Writes to local `target`, with `value` evaluated once. */
export type VectorFunction = (target: string, value: Code) => Code;

export interface Transcendentals {
  readonly exponential: VectorFunction;
  readonly sigmoid: VectorFunction;
  readonly tanh: VectorFunction;
}

/** Locals that the functions overwrite; declare them where they are used. */
export const transcendentalLocals: Readonly<Record<string, ValueType>> = {
  ...{ argument: 'v128', power: 'v128', rest: 'v128', series: 'v128' },
};

/** Arguments of exp are cut off here: beyond, 2ⁿ below is no normal float. */
const [leastExponent, greatestExponent] = [-87.33654, 88.37626];
/** ln 2 in two parts, of which the first has few bits: n · ln 2 is then exact enough. */
const [ln2High, ln2Low] = [0.693359375, -2.1219444e-4];
const expSeries = [
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
  5.0000001201e-1,
]; // prettier-ignore
const exponentBias = 127;
const fractionBits = 23;
/** Below this tanh takes its own series: 1 - 2 / (exp 2x + 1) would lose digits. */
const smallTanh = 0.625;
const tanhSeries = [
  -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
]; // prettier-ignore
/** Here tanh is 1 in single precision. */
const largeTanh = 9.1;

export function transcendentals(
  { get, set }: { get(name: string): Code; set(name: string, value: Code): Code },
  multiplyAdd: MultiplyAdd,
): Transcendentals {
  const constant = (value: number): Code => f32x4.constant(value);
  /** series = coefficients as a polynomial of local `x`. */
  const polynomial = (x: string, [first = 0, ...others]: readonly number[]): Code => [
    ...set('series', constant(first)),
    ...others.flatMap((coefficient) =>
      set('series', multiplyAdd(get('series'), get(x), constant(coefficient))),
    ),
  ];

  /** With n the integer nearest to x / ln 2: exp x = 2ⁿ · exp(x - n ln 2). */
  const exponential: VectorFunction = (target, value) => [
    ...set(
      'rest',
      f32x4.pseudoMax(f32x4.pseudoMin(value, constant(greatestExponent)), constant(leastExponent)),
    ),
    ...set('power', f32x4.nearest(f32x4.multiply(get('rest'), constant(Math.LOG2E)))),
    ...set('rest', multiplyAdd(get('power'), constant(-ln2High), get('rest'))),
    ...set('rest', multiplyAdd(get('power'), constant(-ln2Low), get('rest'))),
    ...polynomial('rest', expSeries),
    ...set(
      'series',
      multiplyAdd(get('series'), f32x4.multiply(get('rest'), get('rest')), get('rest')),
    ),
    ...set(
      target,
      f32x4.multiply(
        f32x4.add(get('series'), constant(1)),
        i32x4.shiftLeft(
          i32x4.add(i32x4.ofFloats(get('power')), i32x4.constant(exponentBias)),
          fractionBits,
        ),
      ),
    ),
  ];

  const sigmoid: VectorFunction = (target, value) => [
    ...exponential(target, f32x4.negate(value)),
    ...set(target, f32x4.divide(constant(1), f32x4.add(constant(1), get(target)))),
  ];

  const tanh: VectorFunction = (target, value) => {
    const size = f32x4.pseudoMin(f32x4.absolute(get('argument')), constant(largeTanh));
    const large = f32x4.subtract(
      constant(1),
      f32x4.divide(constant(2), f32x4.add(get(target), constant(1))),
    );
    const sign = v128.and(get('argument'), i32x4.constant(1 << 31));
    const isSmall = f32x4.isLess(f32x4.absolute(get('argument')), constant(smallTanh));
    return [
      ...set('argument', value),
      ...exponential(target, f32x4.add(size, size)),
      ...set(target, v128.or(large, sign)),
      ...set('power', f32x4.multiply(get('argument'), get('argument'))),
      ...polynomial('power', tanhSeries),
      ...set('series', f32x4.multiply(get('series'), get('power'))),
      ...set('series', multiplyAdd(get('series'), get('argument'), get('argument'))),
      ...set(target, v128.select(isSmall, get('series'), get(target))),
    ];
  };
  return { exponential, sigmoid, tanh };
}

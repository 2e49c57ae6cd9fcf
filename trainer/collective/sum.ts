/**
 * Adds float32 arrays in a given order and rounds to float32 after each addition, so that the sum is
 * the same to the bit wherever and whenever it is computed. The seam for SIMD kernels.
 */

/**
 * out = ((a0 + a1) + a2) + …, element by element. `out` may be one of the addends; all have its length.
 */
export function sumInOrder(out: Float32Array, addends: readonly Float32Array[]): void {
  const [first, second, third, fourth] = addends;
  if (first === undefined || second === undefined) {
    if (first !== undefined && first !== out) out.set(first);
  } else if (addends.length === 2) sumTwo(out, first, second);
  else if (addends.length === 3) sumThree(out, first, second, third!);
  else if (addends.length === 4) sumFour(out, [first, second, third!, fourth!]);
  else sumMany(out, addends);
}

function sumTwo(out: Float32Array, a: Float32Array, b: Float32Array): void {
  for (let i = 0; i < out.length; i += 1) out[i] = a[i]! + b[i]!;
}

function sumThree(out: Float32Array, a: Float32Array, b: Float32Array, c: Float32Array): void {
  for (let i = 0; i < out.length; i += 1) out[i] = Math.fround(a[i]! + b[i]!) + c[i]!;
}

type Four = readonly [Float32Array, Float32Array, Float32Array, Float32Array];

function sumFour(out: Float32Array, [a, b, c, d]: Four): void {
  for (let i = 0; i < out.length; i += 1) {
    out[i] = Math.fround(Math.fround(a[i]! + b[i]!) + c[i]!) + d[i]!;
  }
}

/** Passes over two at a time; an addend that is `out` itself is put aside first. */
function sumMany(out: Float32Array, addends: readonly Float32Array[]): void {
  const safe = addends.map((addend, index) => (addend === out && index > 1 ? out.slice() : addend));
  sumTwo(out, safe[0]!, safe[1]!);
  for (const addend of safe.slice(2)) sumTwo(out, out, addend);
}

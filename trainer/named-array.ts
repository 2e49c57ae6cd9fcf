/**
 * A tensor outside of any backend: what checkpoints, state broadcasts and artifacts pass on.
 * Always float32; owns its memory unless the maker says otherwise.
 */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major, as many elements as the shape holds. */
  readonly data: Float32Array;
}

/** Elements of a shape; 1 for a scalar. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

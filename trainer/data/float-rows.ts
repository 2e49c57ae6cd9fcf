/**
 * A growing [rows, width] array of float32 for readers that do not know the number of rows before
 * the end: doubles its memory, so that a row costs constant time.
 */

/** Rows of the first allocation. */
const FIRST_ROWS = 1024;

export class FloatRows {
  readonly #width: number;
  #data: Float32Array;
  #rows = 0;

  constructor(width: number) {
    this.#width = width;
    this.#data = new Float32Array(width * FIRST_ROWS);
  }

  /** Sets an element of the pending row, which counts only after commit(). */
  set(column: number, value: number): void {
    this.#data[this.#rows * this.#width + column] = value;
  }

  commit(): void {
    this.#rows++;
    if ((this.#rows + 1) * this.#width <= this.#data.length) return;
    const grown = new Float32Array(this.#data.length * 2);
    grown.set(this.#data);
    this.#data = grown;
  }

  values(): Float32Array {
    return this.#data.subarray(0, this.#rows * this.#width);
  }
}

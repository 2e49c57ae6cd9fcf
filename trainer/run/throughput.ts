/** Samples per second over a sliding window, from a clock that is given: pure arithmetic. */

interface Mark {
  readonly seconds: number;
  readonly samples: number;
}

/** Long enough to smooth over steps, short enough to show a slowdown. */
const windowSeconds = 10;

export class Throughput {
  #marks: Mark[] = [];
  #total = 0;

  /** @param seconds monotonic time at which `samples` more were done. */
  add(seconds: number, samples: number): void {
    this.#total += samples;
    this.#marks.push({ seconds, samples: this.#total });
    while ((this.#marks[1]?.seconds ?? Infinity) < seconds - windowSeconds) this.#marks.shift();
  }

  /** Samples per second over the last ten seconds; 0 until two marks are known. */
  rate(): number {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    if (first === undefined || last === undefined || last.seconds <= first.seconds) return 0;
    return (last.samples - first.samples) / (last.seconds - first.seconds);
  }
}

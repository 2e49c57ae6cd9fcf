/** Where one worker's time went, over the last seconds and since the epoch began. Arithmetic only. */

/** Seconds of one worker, in one step or over many. */
export interface StepTimes {
  /** Forward and backward pass. */
  readonly compute: number;
  /** Clipping and update. */
  readonly apply: number;
  /** All-reduce time that compute did not hide and no slower peer caused. */
  readonly communication: number;
  /** Waiting for a slower peer. */
  readonly wait: number;
  /** Waiting for the next batch. */
  readonly data: number;
}

export interface WorkerSums extends StepTimes {
  readonly samples: number;
}

const nothing: WorkerSums = {
  compute: 0,
  apply: 0,
  communication: 0,
  wait: 0,
  data: 0,
  samples: 0,
};

/** Long enough to smooth over steps, short enough to show a slowdown. */
const windowSeconds = 10;

export class WorkerWindow {
  #sum = nothing;
  #epochStart = nothing;
  /** Sums before steps of the window, oldest first. */
  #marks: { readonly seconds: number; readonly before: WorkerSums }[] = [];

  /** @param seconds monotonic time at the end of the step. */
  add(seconds: number, step: WorkerSums): void {
    this.#marks.push({ seconds, before: this.#sum });
    this.#sum = combine(this.#sum, step, 1);
    while ((this.#marks[0]?.seconds ?? Infinity) < seconds - windowSeconds) this.#marks.shift();
  }

  startEpoch(): void {
    this.#epochStart = this.#sum;
  }

  recent(): WorkerSums {
    return combine(this.#sum, this.#marks[0]?.before ?? this.#sum, -1);
  }

  sinceEpoch(): WorkerSums {
    return combine(this.#sum, this.#epochStart, -1);
  }
}

function combine(a: WorkerSums, b: WorkerSums, sign: 1 | -1): WorkerSums {
  return {
    compute: a.compute + sign * b.compute,
    apply: a.apply + sign * b.apply,
    communication: a.communication + sign * b.communication,
    wait: a.wait + sign * b.wait,
    data: a.data + sign * b.data,
    samples: a.samples + sign * b.samples,
  };
}

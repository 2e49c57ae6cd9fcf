/**
 * Seconds in which this process was awake. A worker that was stopped (SIGSTOP, a sleeping laptop, a
 * starved node) must not blame its peers for the time in which it did not listen itself.
 */
export interface AwakeClock {
  /** Counts the time since the last tick, at most two intervals of it. */
  tick(): void;
  now(): number;
}

/**
 * @param intervalSeconds how often `tick` will be called
 * @param seconds monotonic wall time
 */
export function createAwakeClock(intervalSeconds: number, seconds: () => number): AwakeClock {
  let last = seconds();
  let awake = 0;
  return {
    tick() {
      const time = seconds();
      awake += Math.min(time - last, 2 * intervalSeconds);
      last = time;
    },
    now: () => awake,
  };
}

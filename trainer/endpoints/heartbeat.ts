/**
 * Says whether the training thread still makes progress. It is told of each step (and of each other
 * piece of work that may take long), and it is asked by /healthz. The clock is injected.
 */

export interface Heartbeat {
  /** Something was done: a step, a validation batch, a phase that began. */
  beat(): void;
  isAlive(): boolean;
}

/** @param clock monotonic seconds. The limit counts from the creation until the first beat. */
export function createHeartbeat(limitSeconds: number, clock: () => number): Heartbeat {
  let last = clock();
  return {
    beat: () => {
      last = clock();
    },
    isAlive: () => clock() - last <= limitSeconds,
  };
}

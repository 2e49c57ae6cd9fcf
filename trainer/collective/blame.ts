/**
 * Who holds up an operation that made no progress for allReduce.timeoutSeconds. Everybody waits for
 * somebody then; the culprit is the one that is silent, else the one that has not begun.
 */
export interface Stall {
  /** For example `the all-reduce of step 12, bucket 3`. */
  readonly what: string;
  readonly timeoutSeconds: number;
  /** Peers from which no message at all has come for several heartbeats. */
  readonly silent: readonly number[];
  /** Peers that have not begun the operation. */
  readonly absent: readonly number[];
  /** Peers that owe a chunk. */
  readonly owing: readonly number[];
}

export interface Verdict {
  readonly culprit: number | undefined;
  readonly message: string;
}

export function blame(stall: Stall): Verdict {
  const { what, timeoutSeconds, silent, absent, owing } = stall;
  const wayOut = 'look at its log and its node, or raise allReduce.timeoutSeconds';
  const limit = `within ${timeoutSeconds} s`;
  if (silent.length > 0) {
    return verdict(silent, `stopped answering during ${what} and sent nothing ${limit}; ${wayOut}`);
  }
  if (absent.length > 0) {
    return verdict(absent, `did not begin ${what} ${limit}, though still there; ${wayOut}`);
  }
  return verdict(owing, `did not go on with ${what} ${limit}; ${wayOut}`);
}

function verdict(ranks: readonly number[], rest: string): Verdict {
  return { culprit: ranks[0], message: `${workers(ranks)} ${rest}.` };
}

/** `Worker 2`, `Workers 1 and 3`, `Workers 1, 2 and 3`. */
export function workers(ranks: readonly number[]): string {
  const sorted = [...ranks].sort((a, b) => a - b);
  if (sorted.length === 0) return 'A worker';
  if (sorted.length === 1) return `Worker ${sorted[0]}`;
  return `Workers ${sorted.slice(0, -1).join(', ')} and ${sorted.at(-1)}`;
}

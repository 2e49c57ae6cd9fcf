/**
 * What an algorithm is: for each part of a bucket a tree on which contributions are added up, and a
 * tree on which the sum comes back. An algorithm says only who pulls from whom and in which order
 * is added; `operation.ts` moves the chunks. Halving-doubling is binomial trees, hierarchical
 * reduction is a tree of hosts: both fit in here.
 */

/** One worker's place in the trees of one part. */
export interface PartSchedule {
  /**
   * Ranks whose values are added here, in this order, with the worker's own rank among them: the
   * order decides the bits of the sum. Only the own rank: nothing is added here.
   */
  readonly reduceOrder: readonly number[];
  /** Who pulls what was added here; absent at the part's owner. */
  readonly reduceTo?: number;
  /** From whom the result is pulled; absent at the part's owner. */
  readonly gatherFrom?: number;
  /** Who pulls the result from here. */
  readonly gatherTo: readonly number[];
}

/** By part; the number of entries is the number of parts and the same on all workers. */
export type Schedule = readonly PartSchedule[];

export interface Place {
  readonly rank: number;
  readonly worldSize: number;
}

/** Stars: the owner of a part pulls it from all others, and they pull the sum from it. */
export function directSchedule({ rank, worldSize }: Place): Schedule {
  const everyone = ranks(worldSize);
  return everyone.map((part) =>
    part === rank
      ? { reduceOrder: everyone, gatherTo: everyone.filter((peer) => peer !== rank) }
      : { reduceOrder: [rank], reduceTo: part, gatherFrom: part, gatherTo: [] },
  );
}

/**
 * Chains along the ring: part p begins at worker p+1, each next worker adds its own values, worker p
 * is the last and owns the sum, which travels the ring from there.
 */
export function ringSchedule({ rank, worldSize }: Place): Schedule {
  const previous = (rank + worldSize - 1) % worldSize;
  const next = (rank + 1) % worldSize;
  if (worldSize === 1) return [{ reduceOrder: [rank], gatherTo: [] }];
  return ranks(worldSize).map((part) => {
    const begins = rank === (part + 1) % worldSize;
    const owns = part === rank;
    return {
      reduceOrder: begins ? [rank] : [previous, rank],
      ...(owns ? {} : { reduceTo: next, gatherFrom: previous }),
      gatherTo: next === part ? [] : [next],
    };
  });
}

/** One part, owned by `root`; the others pull it from there and bring nothing. */
export function broadcastSchedule({ rank, worldSize }: Place, root: number): Schedule {
  const others = ranks(worldSize).filter((peer) => peer !== root);
  if (rank === root) return [{ reduceOrder: [rank], gatherTo: others }];
  return [{ reduceOrder: [rank], gatherFrom: root, gatherTo: [] }];
}

/** A part per worker that only its owner has: an all-gather (of empty tokens, a barrier). */
export function gatherSchedule({ rank, worldSize }: Place): Schedule {
  const others = ranks(worldSize).filter((peer) => peer !== rank);
  return ranks(worldSize).map((part) =>
    part === rank
      ? { reduceOrder: [rank], gatherTo: others }
      : { reduceOrder: [rank], gatherFrom: part, gatherTo: [] },
  );
}

function ranks(worldSize: number): number[] {
  return Array.from({ length: worldSize }, (_, index) => index);
}

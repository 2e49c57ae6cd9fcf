/**
 * One collective operation on one worker: pulls what its schedule wants, adds in the fixed order,
 * serves what others pull. Knows chunks and readiness, nothing of gRPC, fences or time.
 *
 * Why sums do not depend on arrival: a chunk is added only when the contributions of all ranks in
 * `reduceOrder` are there. Why nothing is read from a region that its owner already overwrites: the
 * operation is done only when every chunk that others need has been copied out of it.
 */
import { roundToBfloat16 } from './bfloat16.ts';
import { chunkCount, chunkSpan, partSpan, type Span } from './partition.ts';
import { bitsOf, readPayload, viewPayload } from './payload.ts';
import type { PullRange } from './pull-request.ts';
import type { PartSchedule, Schedule } from './schedule.ts';
import { sumInOrder } from './sum.ts';
import { kinds, type KindCode, type WireTypeName } from './wire-words.ts';

/** How an operation reaches the peers. */
export interface OperationPort {
  /** Asks a peer for chunks; with no ranges it only says that the operation has begun here. */
  pull(peer: number, ranges: readonly PullRange[]): void;
  /** Queues a chunk for a peer; whoever encodes it calls `Operation.sent` then. */
  send(peer: number, chunk: OutgoingChunk): void;
}

export interface OutgoingChunk {
  readonly kind: KindCode;
  readonly part: number;
  readonly chunk: number;
  /** Elements within the bucket. */
  readonly span: Span;
}

export interface OperationOptions {
  readonly rank: number;
  readonly worldSize: number;
  readonly schedule: Schedule;
  /** The region in the arena. */
  readonly values: Float32Array;
  readonly wireType: WireTypeName;
  readonly chunkLength: number;
  /** Chunks asked for ahead in a lane: bounds what may wait here for slower ranks. */
  readonly pullWindow: number;
  /** A barrier's parts are one empty chunk each. */
  readonly isToken: boolean;
  readonly port: OperationPort;
}

/** Chunks of one part from or to one peer, in order; each count is of leading chunks. */
interface Lane {
  readonly peer: number;
  readonly kind: KindCode;
  readonly part: number;
  readonly total: number;
  requested: number;
}

interface IncomingLane extends Lane {
  received: number;
  /** Added, or put into the arena. */
  consumed: number;
  /** Contributions that wait for those of other ranks. */
  readonly waiting: Buffer[];
}

interface OutgoingLane extends Lane {
  queued: number;
  sent: number;
}

interface Part {
  readonly index: number;
  readonly schedule: PartSchedule;
  readonly span: Span;
  readonly total: number;
  readonly incoming: IncomingLane[];
  /** Leading chunks whose sum of `reduceOrder` is in place; those that hold the result. */
  reduced: number;
  gathered: number;
}

export class Operation {
  readonly #options: OperationOptions;
  readonly #parts: readonly Part[];
  readonly #incoming: readonly IncomingLane[];
  readonly #outgoing: readonly OutgoingLane[];
  #lanesOpen: number;
  readonly done: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor(options: OperationOptions) {
    this.#options = options;
    this.#parts = options.schedule.map((schedule, part) => createPart(options, schedule, part));
    this.#incoming = this.#parts.flatMap(({ incoming }) => incoming);
    this.#outgoing = this.#parts.flatMap(outgoingLanes);
    this.#lanesOpen = [...this.#incoming, ...this.#outgoing].filter(
      ({ total }) => total > 0,
    ).length;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Tells every peer that the operation has begun here and asks for the first chunks. */
  start(): void {
    for (let peer = 0; peer < this.#options.worldSize; peer += 1) {
      if (peer === this.#options.rank) continue;
      const lanes = this.#incoming.filter((lane) => lane.peer === peer && isOpen(lane));
      this.#options.port.pull(
        peer,
        lanes.map((lane) => this.#nextRange(lane)),
      );
    }
    if (this.#lanesOpen === 0) this.#resolve();
  }

  /** Ranks from which a chunk is still missing. */
  missingFrom(): readonly number[] {
    return [...new Set(this.#incoming.filter(isOpen).map(({ peer }) => peer))];
  }

  /** A peer asks for chunks. @returns what is wrong with the request, if anything. */
  pulled(peer: number, range: PullRange): string | undefined {
    const lane = find(this.#outgoing, peer, range);
    if (lane === undefined) return `part ${range.part} is not for worker ${peer} to pull here`;
    if (range.firstChunk !== lane.requested) return 'ranges must follow each other';
    if (range.chunkCount > lane.total - lane.requested) return 'the range ends behind the part';
    lane.requested += range.chunkCount;
    this.#pump(lane);
    return undefined;
  }

  /** A chunk has come. @returns what is wrong with it, if anything. */
  received(peer: number, chunk: Omit<PullRange, 'chunkCount'>, data: Buffer): string | undefined {
    const lane = find(this.#incoming, peer, chunk);
    if (lane === undefined || chunk.firstChunk !== lane.received || lane.received >= lane.requested)
      return 'a chunk that nobody asked for';
    const part = this.#parts[lane.part]!;
    const span = this.#chunkSpan(part, lane.received);
    const width = this.#options.wireType === 'float32' ? 4 : 2;
    if (data.length !== (span.end - span.start) * width) return 'a chunk of the wrong length';
    lane.received += 1;
    if (lane.kind === kinds.result) this.#takeResult(part, lane, data);
    else {
      lane.waiting.push(data);
      this.#reduce(part);
    }
    return undefined;
  }

  /** The chunk has been copied out of the arena. */
  sent(peer: number, chunk: OutgoingChunk): void {
    const lane = find(this.#outgoing, peer, chunk);
    if (lane === undefined) return;
    lane.sent += 1;
    if (lane.sent === lane.total) this.#closeLane();
  }

  #takeResult(part: Part, lane: IncomingLane, data: Buffer): void {
    const { start, end } = this.#chunkSpan(part, part.gathered);
    readPayload(data, this.#options.wireType, this.#options.values.subarray(start, end));
    part.gathered += 1;
    this.#consumed(lane);
    this.#pumpPart(part);
  }

  #reduce(part: Part): void {
    const lanes = part.incoming.filter(({ kind }) => kind === kinds.contribution);
    while (lanes.every(({ waiting }) => waiting.length > 0)) {
      const { start, end } = this.#chunkSpan(part, part.reduced);
      const own = this.#options.values.subarray(start, end);
      const addends = part.schedule.reduceOrder.map((rank) => {
        const data = lanes.find(({ peer }) => peer === rank)?.waiting.shift();
        return data === undefined ? own : viewPayload(data, this.#options.wireType);
      });
      sumInOrder(own, addends);
      part.reduced += 1;
      if (isOwned(part)) {
        if (this.#options.wireType === 'bfloat16') roundToBfloat16(bitsOf(own));
        part.gathered += 1;
      }
      for (const lane of lanes) this.#consumed(lane);
      this.#pumpPart(part);
    }
  }

  #consumed(lane: IncomingLane): void {
    lane.consumed += 1;
    if (lane.consumed === lane.total) return this.#closeLane();
    const ahead = lane.requested - lane.consumed;
    if (lane.requested < lane.total && ahead <= this.#options.pullWindow / 2) {
      this.#options.port.pull(lane.peer, [this.#nextRange(lane)]);
    }
  }

  #nextRange(lane: IncomingLane): PullRange {
    const firstChunk = lane.requested;
    lane.requested = Math.min(lane.total, lane.consumed + this.#options.pullWindow);
    const { kind, part } = lane;
    return { kind, part, firstChunk, chunkCount: lane.requested - firstChunk };
  }

  #pumpPart(part: Part): void {
    for (const lane of this.#outgoing) if (lane.part === part.index) this.#pump(lane);
  }

  /** Queues what is asked for and there. */
  #pump(lane: OutgoingLane): void {
    const part = this.#parts[lane.part]!;
    const ready = lane.kind === kinds.result ? part.gathered : part.reduced;
    while (lane.queued < Math.min(lane.requested, ready)) {
      const chunk = lane.queued;
      lane.queued += 1;
      const span = this.#chunkSpan(part, chunk);
      this.#options.port.send(lane.peer, { kind: lane.kind, part: lane.part, chunk, span });
    }
  }

  #chunkSpan(part: Part, chunk: number): Span {
    return chunkSpan(part.span, this.#options.chunkLength, chunk);
  }

  #closeLane(): void {
    this.#lanesOpen -= 1;
    if (this.#lanesOpen === 0) this.#resolve();
  }
}

function createPart(options: OperationOptions, schedule: PartSchedule, index: number): Part {
  const { rank, values, chunkLength, isToken } = options;
  const span = partSpan(values.length, options.schedule.length, index);
  const total = isToken ? 1 : chunkCount(span, chunkLength);
  const contributors = schedule.reduceOrder.filter((peer) => peer !== rank);
  const lane = (peer: number, kind: KindCode): IncomingLane => {
    return { peer, kind, part: index, total, requested: 0, received: 0, consumed: 0, waiting: [] };
  };
  const incoming = contributors.map((peer) => lane(peer, kinds.contribution));
  if (schedule.gatherFrom !== undefined) incoming.push(lane(schedule.gatherFrom, kinds.result));
  const reduced = contributors.length === 0 ? total : 0;
  const gathered = schedule.gatherFrom === undefined ? reduced : 0;
  return { index, schedule, span, total, incoming, reduced, gathered };
}

function outgoingLanes({ index, schedule, total }: Part): OutgoingLane[] {
  const lane = (peer: number, kind: KindCode): OutgoingLane => {
    return { peer, kind, part: index, total, requested: 0, queued: 0, sent: 0 };
  };
  const results = schedule.gatherTo.map((peer) => lane(peer, kinds.result));
  if (schedule.reduceTo === undefined) return results;
  return [lane(schedule.reduceTo, kinds.contribution), ...results];
}

function isOwned(part: Part): boolean {
  return part.schedule.gatherFrom === undefined;
}

function isOpen(lane: IncomingLane): boolean {
  return lane.consumed < lane.total;
}

function find<T extends Lane>(
  lanes: readonly T[],
  peer: number,
  wanted: { readonly kind: number; readonly part: number },
): T | undefined {
  return lanes.find(
    (lane) => lane.peer === peer && lane.kind === wanted.kind && lane.part === wanted.part,
  );
}

/**
 * All operations of one worker in one membership epoch: starts them, matches the requests and chunks
 * of peers with them, drops what is fenced off, watches deadlines and names who is to blame. It
 * reaches peers through `PeerPort`s only; the `exchange-*.ts` files put gRPC behind them.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import { createAwakeClock } from './awake-clock.ts';
import { blame } from './blame.ts';
import { checksumOf, type ChunkEncoder, createChunkEncoder } from './chunk-encoder.ts';
import { chunkHeaderBytes, type ChunkMessage } from './chunk-message.ts';
import type { AllReduceResult, CollectiveStats } from './collective.ts';
import { disagreement, emptyFields, planFields, type SenderFields } from './message-fields.ts';
import { Operation, type OutgoingChunk } from './operation.ts';
import { type Plan, type PlanOptions, planOperation, type Work } from './plan-operation.ts';
import type { PullRequest } from './pull-request.ts';
import { type Fence, kinds, type OperationName, operations, wireWidths } from './wire-words.ts';

/** A message that is encoded when its stream can take it: a queue of them holds no values. */
export interface Outgoing {
  encode(): Buffer;
}

/** The two directions to one peer. */
export interface PeerPort {
  pull(request: PullRequest): void;
  send(message: Outgoing): void;
}

export interface EngineOptions extends PlanOptions {
  readonly fence: Fence;
  readonly arena: SharedArrayBuffer;
  readonly timeoutSeconds: number;
  /** Bytes asked for ahead per part and peer: what may wait here for slower ranks. */
  readonly pullWindowBytes: number;
  /** Puts a CRC-32 into each chunk sent; one that is received is checked in any case. */
  readonly hasChecksums: boolean;
  readonly port: (peer: number) => PeerPort;
  /** Called once, when the gang is over for this worker; `culprit` is the rank to blame, if any. */
  readonly onFailure: (failure: Failure, culprit: number | undefined) => void;
}

interface Running {
  readonly plan: Plan;
  readonly operation: Operation;
  readonly entered: Set<number>;
  readonly startedAt: number;
  /** When the last peer began too. */
  enteredAt: number;
  /** Awake seconds at the last sign of progress. */
  progressAt: number;
  bytesSent: number;
  readonly reject: (failure: Failure) => void;
}

/** Requests of peers that are ahead of this worker; no honest peer is so far ahead. */
const maximumEarlyRequests = 65_536;

/** How often `tick` is to be called; also the pace of heartbeats. */
export const tickSeconds = 0.25;

/** Silence is the absence of several heartbeats: one may be late on a busy machine. */
const silentTicks = 6;

const titles = { allReduce: 'all-reduce', broadcast: 'broadcast', barrier: 'barrier' } as const;

export class Engine {
  readonly #options: EngineOptions;
  readonly #arena: Float32Array;
  readonly #sender: SenderFields;
  readonly #encode: ChunkEncoder;
  readonly #running = new Map<string, Running>();
  /** By operation and bucket: the greatest step begun, before which everything is stale. */
  readonly #begun = new Map<string, number>();
  readonly #early = new Map<string, { peer: number; request: PullRequest }[]>();
  readonly #clock = createAwakeClock(tickSeconds, seconds);
  readonly #heardAt = new Map<number, number>();
  #earlyCount = 0;
  #failure: Failure | undefined;
  #left: number | undefined;
  #busySince = 0;
  #busySeconds = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #dropped = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#arena = new Float32Array(options.arena);
    const { low, high, membershipEpoch } = options.fence;
    const senderRank = options.rank;
    this.#sender = { fenceLow: low, fenceHigh: high, membershipEpoch, senderRank };
    this.#encode = createChunkEncoder(options.chunkBytes, options.hasChecksums);
  }

  /** Begins an operation here. Rejects with the Failure that ended the gang. */
  run(work: Work): Promise<AllReduceResult> {
    const plan = planOperation(work, this.#options);
    const hasLeft = this.#left === undefined ? undefined : leftFailure(this.#left);
    const wrong = this.#failure ?? hasLeft ?? this.#misuse(plan);
    if (wrong !== undefined) return Promise.reject(wrong);
    if (this.#running.size === 0) this.#busySince = seconds();
    return new Promise((resolve, reject) => {
      const running = this.#createRunning(plan, reject);
      const key = keyOf(plan);
      this.#running.set(key, running);
      this.#begun.set(laneOf(plan), plan.step);
      void running.operation.done.then(() => resolve(this.#finish(key, running)));
      running.operation.start();
      const early = this.#early.get(key) ?? [];
      this.#early.delete(key);
      this.#earlyCount -= early.length;
      for (const { peer, request } of early) this.#serve(running, peer, request);
    });
  }

  /** A peer asks for chunks, or says that it has begun an operation. */
  pulled(peer: number, request: PullRequest): void {
    this.#heardAt.set(peer, this.#clock.now());
    const key = this.#admit(peer, request);
    if (key === undefined) return;
    const running = this.#running.get(key);
    if (running !== undefined) return this.#serve(running, peer, request);
    if (this.#earlyCount >= maximumEarlyRequests) {
      return this.#protocolError(peer, 'asks for too many operations ahead');
    }
    this.#earlyCount += 1;
    this.#early.set(key, [...(this.#early.get(key) ?? []), { peer, request }]);
  }

  /** A chunk or heartbeat has come from a peer. */
  received(peer: number, message: ChunkMessage): void {
    this.#heardAt.set(peer, this.#clock.now());
    this.#bytesReceived += chunkHeaderBytes + message.data.length;
    const key = this.#admit(peer, message);
    if (key === undefined || message.kind === kinds.heartbeat) return;
    const running = this.#running.get(key);
    if (running === undefined) {
      this.#dropped += 1;
      return;
    }
    this.#progress(running, peer);
    const wrong = disagreement(running.plan, message) ?? this.#take(running, peer, message);
    if (wrong !== undefined) this.#protocolError(peer, wrong);
  }

  /** To be called every `tickSeconds`: heartbeats go out and deadlines are checked. */
  tick(): void {
    this.#clock.tick();
    const now = this.#clock.now();
    for (const running of this.#running.values()) {
      if (now - running.progressAt < this.#options.timeoutSeconds) continue;
      const { culprit, message } = blame(this.#stall(running));
      return this.fail(new Failure('PeerLost', message), culprit);
    }
  }

  /** A peer left in good order: an error only for what needs it. */
  left(peer: number): void {
    this.#left = peer;
    if (this.#running.size === 0) return;
    this.fail(leftFailure(peer), peer);
  }

  /** Ends all operations, now and later. */
  fail(failure: Failure, culprit?: number): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (const running of this.#running.values()) running.reject(failure);
    this.#running.clear();
    this.#early.clear();
    this.#options.onFailure(failure, culprit);
  }

  /** A message that only says that this worker lives (heartbeat) or ends (goodbye). */
  encodeSign(kind: 'heartbeat' | 'goodbye', part = 0, sentence = ''): Buffer {
    const data = Buffer.from(sentence, 'utf8').subarray(0, this.#options.chunkBytes & ~3);
    const padded = Buffer.alloc(Math.ceil(data.length / 4) * 4, ' ');
    data.copy(padded);
    const values = new Float32Array(padded.buffer, padded.byteOffset, padded.length / 4);
    const fields = { ...this.#sender, kind: kinds[kind], part };
    return this.#encode({ ...emptyFields, ...fields }, values, 'float32');
  }

  stats(): CollectiveStats {
    const running = this.#running.size > 0 ? seconds() - this.#busySince : 0;
    return {
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      seconds: this.#busySeconds + running,
      dropped: this.#dropped,
    };
  }

  #createRunning(plan: Plan, reject: (failure: Failure) => void): Running {
    const { rank, worldSize, pullWindowBytes } = this.#options;
    const chunkWireBytes = plan.chunkLength * wireWidths[plan.wireType];
    const now = seconds();
    const running: Running = {
      plan,
      operation: new Operation({
        rank,
        worldSize,
        schedule: plan.schedule,
        values: this.#arena.subarray(plan.offset, plan.offset + plan.length),
        wireType: plan.wireType,
        chunkLength: plan.chunkLength,
        pullWindow: Math.max(2, Math.floor(pullWindowBytes / chunkWireBytes)),
        isToken: plan.name === 'barrier',
        port: {
          pull: (peer, ranges) =>
            this.#options.port(peer).pull({ ...planFields(plan), ...this.#sender, ranges }),
          send: (peer, chunk) =>
            this.#options
              .port(peer)
              .send({ encode: () => this.#encodeChunk(running, peer, chunk) }),
        },
      }),
      entered: new Set(),
      startedAt: now,
      enteredAt: now,
      progressAt: this.#clock.now(),
      bytesSent: 0,
      reject,
    };
    return running;
  }

  #finish(key: string, running: Running): AllReduceResult {
    const now = seconds();
    if (this.#running.delete(key) && this.#running.size === 0)
      this.#busySeconds += now - this.#busySince;
    return {
      seconds: now - running.startedAt,
      bytesSent: running.bytesSent,
      waitSeconds: running.enteredAt - running.startedAt,
    };
  }

  #encodeChunk(running: Running, peer: number, chunk: OutgoingChunk): Buffer {
    const { plan } = running;
    const { start, end } = chunk.span;
    const values = this.#arena.subarray(plan.offset + start, plan.offset + end);
    const fields = { ...emptyFields, ...planFields(plan), ...this.#sender };
    const { kind, part, chunk: index } = chunk;
    const message = this.#encode(
      { ...fields, kind, part, chunk: index, offset: start },
      values,
      plan.wireType,
    );
    running.bytesSent += message.length;
    this.#bytesSent += message.length;
    running.operation.sent(peer, chunk);
    return message;
  }

  /** The key of an operation that may still run, or undefined where the message is fenced off. */
  #admit(peer: number, message: PullRequest | ChunkMessage): string | undefined {
    const name = operationNames.get(message.operation) ?? 'barrier';
    const place = { name, step: message.step, bucket: message.bucket };
    const key = keyOf(place);
    const isOurs = this.#isOurs(peer, message);
    const isSign = 'kind' in message && message.kind === kinds.heartbeat;
    const isStale = !this.#running.has(key) && place.step <= this.#lastBegun(place);
    if (isOurs && (isSign || !isStale)) return key;
    // In a broadcast a peer may say that it begins after the work here is done: nothing is lost.
    const isLateSign = isOurs && 'ranges' in message && message.ranges.length === 0;
    if (!isLateSign) this.#dropped += 1;
    return undefined;
  }

  #isOurs(peer: number, message: SenderFields): boolean {
    const own = this.#sender;
    return (
      message.fenceLow === own.fenceLow &&
      message.fenceHigh === own.fenceHigh &&
      message.membershipEpoch === own.membershipEpoch &&
      message.senderRank === peer
    );
  }

  #lastBegun(key: OperationKey): number {
    return this.#begun.get(laneOf(key)) ?? -1;
  }

  #serve(running: Running, peer: number, request: PullRequest): void {
    this.#progress(running, peer);
    let wrong = disagreement(running.plan, request);
    for (const range of request.ranges) wrong ??= running.operation.pulled(peer, range);
    if (wrong !== undefined) this.#protocolError(peer, wrong);
  }

  #take(running: Running, peer: number, message: ChunkMessage): string | undefined {
    const { kind, part, chunk: firstChunk, data, checksum } = message;
    if (checksum !== 0 && checksum !== checksumOf(data))
      return 'sent a chunk with a wrong checksum';
    return running.operation.received(peer, { kind, part, firstChunk }, data);
  }

  #progress(running: Running, peer: number): void {
    running.progressAt = this.#clock.now();
    if (running.entered.has(peer)) return;
    running.entered.add(peer);
    running.enteredAt = seconds();
  }

  #stall(running: Running): Parameters<typeof blame>[0] {
    const { rank, worldSize, timeoutSeconds } = this.#options;
    const peers = Array.from({ length: worldSize }, (_, peer) => peer).filter(
      (peer) => peer !== rank,
    );
    const silence = Math.min(silentTicks * tickSeconds, timeoutSeconds / 2);
    const heardSince = this.#clock.now() - silence;
    const { name, step, bucket } = running.plan;
    return {
      what: `the ${titles[name]} of step ${step}${name === 'barrier' ? '' : `, bucket ${bucket}`}`,
      timeoutSeconds,
      silent: peers.filter((peer) => (this.#heardAt.get(peer) ?? 0) < heardSince),
      absent: peers.filter((peer) => !running.entered.has(peer)),
      owing: running.operation.missingFrom(),
    };
  }

  #misuse(plan: Plan): Error | undefined {
    const { name, step, bucket, offset, length } = plan;
    if (offset < 0 || length < 0 || offset + length > this.#arena.length) {
      return new RangeError(`${name}: [${offset}, ${offset + length}) is not in the arena`);
    }
    if (step <= this.#lastBegun(plan)) {
      return new RangeError(
        `${name}: step ${step} of bucket ${bucket} is not greater than the last`,
      );
    }
    return undefined;
  }

  #protocolError(peer: number, what: string): void {
    const message = `Worker ${peer} ${what}; start all workers with the same run config and version.`;
    this.fail(new Failure('PeerLost', message), peer);
  }
}

function leftFailure(peer: number): Failure {
  return new Failure('PeerLost', `Worker ${peer} has left the gang; start it again to go on.`);
}

const operationNames = new Map<number, OperationName>(
  Object.entries(operations).map(([name, code]) => [code, name as OperationName]),
);

type OperationKey = Pick<Plan, 'name' | 'step' | 'bucket'>;

function keyOf({ name, step, bucket }: OperationKey): string {
  return `${name}/${bucket}/${step}`;
}

function laneOf({ name, bucket }: OperationKey): string {
  return `${name}/${bucket}`;
}

function seconds(): number {
  return performance.now() / 1000;
}

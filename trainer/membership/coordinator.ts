/**
 * Who is in the gang: a state machine fed with what happened, answering with what to say to whom.
 * It lives in worker 0 and knows nothing of gRPC or time. Per gang: gathering → formed → over.
 */
import { workers } from '../collective/blame.ts';
import type { Member } from './gang.ts';
import type { JoinRequest, MembershipEvent } from './membership-messages.ts';

/** Something to do: tell a member, or turn a caller away. `end` closes its stream behind it. */
export type Action =
  | { readonly to: number; readonly event: MembershipEvent; readonly end: boolean }
  | { readonly to: number; readonly refuse: Refusal };

export interface Refusal {
  /** foreign, invalid: the caller is wrong; busy: it may come again. */
  readonly kind: 'foreign' | 'invalid' | 'busy';
  readonly message: string;
}

interface Joined {
  /** Identifies the caller's stream: a rank may come twice. */
  readonly caller: number;
  readonly member: Member;
  readonly lastKnownEpoch: number;
  hasLeft: boolean;
}

export interface CoordinatorOptions {
  readonly jobUid: string;
  readonly replicas: number;
}

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #joined = new Map<number, Joined>();
  #state: 'gathering' | 'formed' | 'over' = 'gathering';

  constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  /** A worker came. */
  join(caller: number, request: JoinRequest): readonly Action[] {
    const refuse = this.#examine(request);
    if (refuse !== undefined) return [{ to: caller, refuse }];
    const before = this.#joined.get(request.rank);
    if (this.#state !== 'gathering') return this.#joinAgain(caller, request.rank);
    const { rank, address, backend, lastKnownEpoch } = request;
    const member = { rank, address, backend };
    this.#joined.set(rank, { caller, member, lastKnownEpoch, hasLeft: false });
    const replaced: Action[] = before === undefined ? [] : [replacedAction(before)];
    return [...replaced, ...this.#form()];
  }

  /** A member said that it goes. */
  leave(rank: number): readonly Action[] {
    const joined = this.#joined.get(rank);
    if (joined === undefined) return [];
    joined.hasLeft = true;
    if (this.#state !== 'formed') return [];
    return this.#tellOthers(rank, { left: { rank } }, false);
  }

  /** A caller's stream ended. */
  gone(caller: number): readonly Action[] {
    const joined = [...this.#joined.values()].find((entry) => entry.caller === caller);
    if (joined === undefined) return [];
    const { rank } = joined.member;
    if (this.#state === 'gathering') this.#joined.delete(rank);
    if (this.#state !== 'formed' || joined.hasLeft) return [];
    return this.#lose(rank, `Worker ${rank} is gone: its connection ended; its log says why.`);
  }

  /** The start deadline passed. */
  expire(seconds: number): readonly Action[] {
    if (this.#state !== 'gathering') return [];
    this.#state = 'over';
    const message = incompleteMessage(this.missing(), this.#options.replicas, seconds);
    return [...this.#joined.values()].map(({ caller }) => ({
      to: caller,
      event: { incomplete: { message } },
      end: true,
    }));
  }

  /** Ranks that have not come. */
  missing(): readonly number[] {
    const { replicas } = this.#options;
    const all = Array.from({ length: replicas }, (_, rank) => rank);
    return all.filter((rank) => !this.#joined.has(rank));
  }

  #examine(request: JoinRequest): Refusal | undefined {
    const { jobUid, replicas } = this.#options;
    if (request.jobUid !== jobUid) {
      return { kind: 'foreign', message: 'This gang belongs to another job.' };
    }
    if (request.replicas !== replicas) {
      const message = `Worker ${request.rank} was started for ${request.replicas} workers, worker 0 for ${replicas}.`;
      return { kind: 'invalid', message };
    }
    if (request.rank >= replicas) {
      return { kind: 'invalid', message: `Rank ${request.rank} is not below ${replicas}.` };
    }
    return undefined;
  }

  /** Someone joins a gang that is formed: the rank was started again, so the old gang is over. */
  #joinAgain(caller: number, rank: number): readonly Action[] {
    const message = 'The gang of the earlier membership epoch is being dissolved.';
    const refusal: Action = { to: caller, refuse: { kind: 'busy', message } };
    if (this.#state === 'over') return [refusal];
    return [refusal, ...this.#lose(rank, `Worker ${rank} was started a second time.`)];
  }

  #form(): readonly Action[] {
    if (this.missing().length > 0) return [];
    this.#state = 'formed';
    const all = [...this.#joined.values()].sort((a, b) => a.member.rank - b.member.rank);
    const membershipEpoch = 1 + Math.max(...all.map(({ lastKnownEpoch }) => lastKnownEpoch));
    const members = all.map(({ member }) => member);
    const event = { formed: { membershipEpoch, members } };
    return all.map(({ caller }) => ({ to: caller, event, end: false }));
  }

  #lose(rank: number, message: string): readonly Action[] {
    this.#state = 'over';
    return this.#tellOthers(rank, { lost: { rank, message } }, true);
  }

  #tellOthers(rank: number, event: MembershipEvent, end: boolean): readonly Action[] {
    const others = [...this.#joined.values()].filter(({ member }) => member.rank !== rank);
    return others.map(({ caller }) => ({ to: caller, event, end }));
  }
}

/** The sentence of GangIncomplete. */
export function incompleteMessage(
  missing: readonly number[],
  replicas: number,
  seconds: number,
): string {
  return (
    `${workers(missing)} of ${replicas} did not come within ${seconds} s; ` +
    'see whether they were started and what their logs say, or give them more time with runPolicy.startDeadlineSeconds.'
  );
}

function replacedAction(before: Joined): Action {
  const { rank } = before.member;
  const message = `Worker ${rank} was started a second time; this one gives way.`;
  return { to: before.caller, event: { lost: { rank, message } }, end: true };
}

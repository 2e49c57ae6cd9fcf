import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Action, Coordinator } from './coordinator.ts';
import type { JoinRequest } from './membership-messages.ts';

function aJoin(rank: number, changes: Partial<JoinRequest> = {}): JoinRequest {
  const address = `10.0.0.${rank}:7000`;
  return {
    jobUid: 'job',
    rank,
    address,
    backend: 'cpu',
    lastKnownEpoch: 0,
    replicas: 3,
    ...changes,
  };
}

function aCoordinator(): Coordinator {
  return new Coordinator({ jobUid: 'job', replicas: 3 });
}

/** Callers 10, 11 and 12 are ranks 0, 1 and 2. */
function aFormedGang(): Coordinator {
  const coordinator = aCoordinator();
  for (const rank of [0, 1, 2]) coordinator.join(10 + rank, aJoin(rank));
  return coordinator;
}

function eventsOf(actions: readonly Action[]): [number, object][] {
  return actions.map((action) => [action.to, 'event' in action ? action.event : action.refuse]);
}

test('all are told at once when the last one came, with an epoch above all that were known', () => {
  const coordinator = aCoordinator();
  assert.deepEqual(coordinator.join(12, aJoin(2, { lastKnownEpoch: 4 })), []);
  assert.deepEqual(coordinator.join(10, aJoin(0)), []);
  assert.deepEqual(coordinator.missing(), [1]);
  const actions = coordinator.join(11, aJoin(1, { lastKnownEpoch: 7 }));
  assert.deepEqual(
    actions.map(({ to }) => to),
    [10, 11, 12],
  );
  const members = [0, 1, 2].map((rank) => ({
    rank,
    address: `10.0.0.${rank}:7000`,
    backend: 'cpu',
  }));
  for (const [, event] of eventsOf(actions)) {
    assert.deepEqual(event, { formed: { membershipEpoch: 8, members } });
  }
});

test('a worker that went before the gang was formed may come again', () => {
  const coordinator = aCoordinator();
  coordinator.join(10, aJoin(0));
  coordinator.join(11, aJoin(1));
  assert.deepEqual(coordinator.gone(11), []);
  assert.deepEqual(coordinator.join(12, aJoin(2)), []);
  assert.equal(coordinator.join(13, aJoin(1)).length, 3);
});

test('a second worker of a rank takes the place of the first while the gang gathers', () => {
  const coordinator = aCoordinator();
  coordinator.join(10, aJoin(1, { address: 'old:1' }));
  const [action] = coordinator.join(11, aJoin(1, { address: 'new:1' }));
  assert.equal(action?.to, 10);
  assert.match(JSON.stringify(action), /started a second time; this one gives way/);
  assert.deepEqual(coordinator.gone(10), [], 'the end of the first is no news');
  coordinator.join(12, aJoin(0));
  const formed = coordinator.join(13, aJoin(2));
  assert.match(JSON.stringify(formed[0]), /new:1/);
});

test('a member whose stream ends is lost to all others', () => {
  const actions = aFormedGang().gone(12);
  assert.deepEqual(
    actions.map(({ to }) => to),
    [10, 11],
  );
  assert.match(JSON.stringify(actions[0]), /Worker 2 is gone/);
});

test('a member that left in good order is not lost', () => {
  const coordinator = aFormedGang();
  assert.deepEqual(eventsOf(coordinator.leave(2)), [
    [10, { left: { rank: 2 } }],
    [11, { left: { rank: 2 } }],
  ]);
  assert.deepEqual(coordinator.gone(12), []);
});

test('a rank that comes a second time dissolves the gang and is asked to come again', () => {
  const coordinator = aFormedGang();
  const [refusal, ...others] = coordinator.join(20, aJoin(1));
  assert.deepEqual(refusal, {
    to: 20,
    refuse: {
      kind: 'busy',
      message: 'The gang of the earlier membership epoch is being dissolved.',
    },
  });
  assert.deepEqual(
    others.map(({ to }) => to),
    [10, 12],
  );
  assert.match(JSON.stringify(others[0]), /Worker 1 was started a second time/);
  assert.equal(coordinator.join(21, aJoin(1)).length, 1);
});

test('other jobs, other numbers of workers and ranks out of range are turned away', () => {
  const kindOf = (changes: Partial<JoinRequest>): string | undefined => {
    const [action] = aCoordinator().join(1, aJoin(1, changes));
    return action !== undefined && 'refuse' in action ? action.refuse.kind : undefined;
  };
  assert.equal(kindOf({ jobUid: 'other' }), 'foreign');
  assert.equal(kindOf({ replicas: 2 }), 'invalid');
  assert.equal(kindOf({ rank: 3 }), 'invalid');
});

test('the start deadline names who did not come, once', () => {
  const coordinator = aCoordinator();
  coordinator.join(10, aJoin(0));
  const [action] = coordinator.expire(120);
  assert.match(
    JSON.stringify(action),
    /Workers 1 and 2 of 3 did not come within 120 s; .*startDeadlineSeconds/,
  );
  assert.deepEqual(coordinator.expire(120), []);
  assert.deepEqual(aFormedGang().expire(120), []);
});

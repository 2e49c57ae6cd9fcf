import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { type ChunkMessage, readChunk } from './chunk-message.ts';
import { bits, collectiveCases, fill, type RunnerSettings } from './collective-cases.testing.ts';
import { openMemoryGang, type MemoryGang } from './memory-exchange.testing.ts';
import { partSpan } from './partition.ts';
import { fenceOf, kinds, operations, wireTypes, algorithms } from './wire-words.ts';

const chunkBytes = 64;
const settings: RunnerSettings = {
  algorithm: 'direct',
  wireType: 'float32',
  arenaBytes: 4 * 1000,
  chunkBytes,
};

collectiveCases('in memory', async (size, given) => openMemoryGang(size, given, 1), {
  chunkBytes,
  worldSizes: [1, 2, 3, 4, 8],
});

async function sum(gang: MemoryGang, length: number): Promise<Uint32Array> {
  gang.runners.forEach(({ values }, rank) => fill(values, rank));
  const region = { offset: 0, length, step: 4, bucket: 0 };
  await Promise.all(gang.runners.map((runner) => runner.run({ name: 'allReduce', ...region })));
  return bits(gang.runners[0]!.values.subarray(0, length));
}

for (const algorithm of ['direct', 'ring'] as const) {
  for (const wireType of ['float32', 'bfloat16'] as const) {
    test(`${algorithm} in ${wireType} gives the same bits whatever the order of arrival`, async () => {
      const given = { ...settings, algorithm, wireType };
      const expected = await sum(openMemoryGang(4, given, 0), 997);
      for (let seed = 1; seed <= 20; seed += 1) {
        assert.deepEqual(await sum(openMemoryGang(4, given, seed), 997), expected);
      }
    });
  }
}

test('direct adds in rank order and rounds to float32 after each addition', async () => {
  const gang = openMemoryGang(5, settings, 3);
  const inputs = gang.runners.map(({ values }, rank) => fill(values, rank));
  await sum(gang, 1000);
  const expected = inputs[0]!.map((value, index) =>
    inputs.slice(1).reduce((total, input) => Math.fround(total + input[index]!), value),
  );
  assert.deepEqual(bits(gang.runners[2]!.values), bits(expected));
});

test('ring adds each part from the worker behind its owner on', async () => {
  const gang = openMemoryGang(3, { ...settings, algorithm: 'ring' }, 3);
  const inputs = gang.runners.map(({ values }, rank) => fill(values, rank));
  await sum(gang, 1000);
  const part = 2;
  const { start } = partSpan(1000, 3, part);
  const [a, b, c] = [0, 1, 2].map((rank) => inputs[rank]![start]!);
  assert.equal(gang.runners[0]!.values[start], Math.fround(Math.fround(a! + b!) + c!));
});

test('many steps and buckets may be under way at a time', async () => {
  const gang = openMemoryGang(3, settings, 9);
  const works = Array.from({ length: 30 }, (_, index) => ({
    offset: 10 * index,
    length: 10,
    step: Math.floor(index / 10),
    bucket: index % 10,
  }));
  gang.runners.forEach(({ values }, rank) => values.fill(rank + 1));
  await Promise.all(
    gang.runners.flatMap((runner, rank) => {
      const ordered =
        rank === 1 ? works.toSorted((a, b) => a.step - b.step || b.bucket - a.bucket) : works;
      return ordered.map((work) => runner.run({ name: 'allReduce', ...work }));
    }),
  );
  assert.ok(gang.runners.every(({ values }) => values.subarray(0, 300).every((v) => v === 6)));
  assert.ok(gang.engines.every((engine) => engine.stats().dropped === 0));
});

/** A chunk that worker 1 might send to worker 0 of two: its contribution to part 0 of 8 floats. */
function chunkOf(changes: Partial<ChunkMessage>): ChunkMessage {
  const { low, high, membershipEpoch } = fenceOf('job', 1);
  return {
    fenceLow: low,
    fenceHigh: high,
    membershipEpoch,
    step: 0,
    bucket: 0,
    senderRank: 1,
    part: 0,
    chunk: 0,
    offset: 0,
    bucketLength: 8,
    checksum: 0,
    kind: kinds.contribution,
    operation: operations.allReduce,
    algorithm: algorithms.direct,
    wireType: wireTypes.float32,
    data: Buffer.from(new Float32Array([1, 1, 1, 1]).buffer),
    ...changes,
  };
}

const strangers = {
  'an earlier membership epoch': { membershipEpoch: 0 },
  'another job': { fenceLow: 1 },
  'another rank than its stream': { senderRank: 2 },
  'a finished step': { step: 3 },
};

for (const [name, changes] of Object.entries(strangers)) {
  test(`a message of ${name} is dropped and counted, not added`, async () => {
    const gang = openMemoryGang(2, settings, 1);
    const [engine] = gang.engines;
    const both = (step: number): Promise<unknown> =>
      Promise.all(
        gang.runners.map((runner) =>
          runner.run({ name: 'allReduce', offset: 0, length: 8, step, bucket: 0 }),
        ),
      );
    await both(3);
    gang.runners.forEach(({ values }) => values.fill(1));
    const work = both(4);
    engine!.received(1, chunkOf({ step: 4, ...changes }));
    await work;
    assert.deepEqual([...gang.runners[0]!.values.subarray(0, 8)], new Array(8).fill(2));
    assert.equal(engine!.stats().dropped, 1);
  });
}

/** Starts an all-reduce on worker 0 only and hands it one chunk of worker 1. */
async function failureOf(changes: Partial<ChunkMessage>): Promise<Failure> {
  const gang = openMemoryGang(2, settings, 1);
  gang.blocked.add('1>0').add('0>1');
  const [engine] = gang.engines;
  const result = engine!.run({ name: 'allReduce', offset: 0, length: 8, step: 0, bucket: 0 });
  engine!.received(1, chunkOf(changes));
  const failure = await result.then(
    () => assert.fail('the all-reduce went through'),
    (error: unknown) => error,
  );
  assert.ok(failure instanceof Failure);
  assert.equal(failure.reason, 'PeerLost');
  assert.equal(gang.culprits[0], 1);
  return failure;
}

test('a chunk with a wrong checksum is never added', async () => {
  assert.match(
    (await failureOf({ checksum: 7 })).message,
    /Worker 1 sent a chunk with a wrong checksum/,
  );
});

test('workers with different bucket layouts find out at once', async () => {
  const { message } = await failureOf({ bucketLength: 9 });
  assert.match(message, /Worker 1 has 9 numbers in bucket 0 of step 0, this worker 8/);
});

test('a chunk out of order, of the wrong length, or that nobody asked for, ends the gang', async () => {
  assert.match((await failureOf({ chunk: 1 })).message, /nobody asked for/);
  assert.match((await failureOf({ kind: kinds.result })).message, /nobody asked for/);
  assert.match((await failureOf({ data: Buffer.alloc(8) })).message, /wrong length/);
});

test('a step that is not greater than the last is refused, as is a region outside of the arena', async () => {
  const gang = openMemoryGang(1, settings, 1);
  const run = (changes: object): Promise<unknown> =>
    gang.engines[0]!.run({
      name: 'allReduce',
      offset: 0,
      length: 1,
      step: 2,
      bucket: 0,
      ...changes,
    });
  await run({});
  await assert.rejects(run({}), /step 2 of bucket 0 is not greater/);
  await run({ bucket: 1 });
  await assert.rejects(run({ step: 3, offset: 1000 }), /not in the arena/);
});

/** Calls `tick` until time is up for all. */
async function waitForFailure(gang: MemoryGang, isAlive: (rank: number) => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!gang.failures.some((failure) => failure !== undefined)) {
    assert.ok(performance.now() < deadline);
    await new Promise((resolve) => setTimeout(resolve, 100));
    gang.engines.forEach((engine, rank) => {
      if (!isAlive(rank)) return;
      engine.tick();
      const sign = Buffer.from(engine.encodeSign('heartbeat'));
      gang.engines.forEach((other, peer) => {
        if (peer !== rank && isAlive(peer)) other.received(rank, readChunk(sign));
      });
    });
  }
}

for (const algorithm of ['direct', 'ring'] as const) {
  test(`${algorithm}: a silent worker is named, not those that wait for it too`, async () => {
    const gang = openMemoryGang(4, { ...settings, algorithm }, 2);
    for (const peer of [0, 1, 3]) gang.blocked.add(`2>${peer}`);
    for (const runner of gang.runners) {
      runner.run({ name: 'allReduce', offset: 0, length: 64, step: 12, bucket: 3 }).catch(() => 0);
    }
    await waitForFailure(gang, (rank) => rank !== 2);
    const rank = gang.failures.findIndex((failure) => failure !== undefined);
    assert.equal(gang.culprits[rank], 2);
    assert.match(
      gang.failures[rank]!.message,
      /^Worker 2 stopped answering during the all-reduce of step 12, bucket 3/,
    );
  });

  test(`${algorithm}: a worker that does not begin in time is named`, async () => {
    const gang = openMemoryGang(4, { ...settings, algorithm }, 2);
    for (const [rank, runner] of gang.runners.entries()) {
      if (rank === 1) continue;
      runner.run({ name: 'allReduce', offset: 0, length: 64, step: 12, bucket: 3 }).catch(() => 0);
    }
    await waitForFailure(gang, () => true);
    const rank = gang.failures.findIndex((failure) => failure !== undefined);
    assert.equal(gang.culprits[rank], 1);
    assert.match(
      gang.failures[rank]!.message,
      /^Worker 1 did not begin .* within 1 s.*allReduce.timeoutSeconds/,
    );
  });
}

test('after a failure everything rejects with it', async () => {
  const gang = openMemoryGang(2, settings, 1);
  const work = { name: 'barrier', step: 0 } as const;
  const result = gang.engines[0]!.run(work);
  const failure = new Failure('PeerLost', 'Worker 1 is gone.');
  gang.engines[0]!.fail(failure, 1);
  await assert.rejects(result, failure);
  await assert.rejects(gang.engines[0]!.run({ ...work, step: 1 }), failure);
});

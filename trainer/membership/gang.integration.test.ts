import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { collectiveCases } from '../collective/collective-cases.testing.ts';
import { joinGang } from './join-gang.ts';
import {
  aGangFolder,
  gangOptions,
  joinAll,
  join,
  spawnWorker,
  sumForever,
} from './local-gang.testing.ts';
import { openPeers } from './peers.ts';
import { startWorkerEnd } from './worker-end.ts';

/** The default chunk would make the cases huge: they use a small one. */
const chunkBytes = 16 * 1024;

collectiveCases(
  'over gRPC',
  async (worldSize, settings) => {
    const folder = aGangFolder();
    const ends = await Promise.all(
      Array.from({ length: worldSize }, async (_, rank) => {
        const options = gangOptions(rank, worldSize, folder, {
          arena: new SharedArrayBuffer(settings.arenaBytes),
          allReduce: { ...settings, bucketBytes: 1 << 20, timeoutSeconds: 10 },
          chunkBytes: settings.chunkBytes,
          hasChecksums: true,
        });
        const end = await startWorkerEnd(options, () => undefined, new AbortController().signal);
        return { end, values: new Float32Array(options.arena) };
      }),
    );
    return {
      runners: ends.map(({ end, values }) => ({ values, run: (work) => end.engine.run(work) })),
      close: async () => {
        await Promise.all(ends.map(({ end }) => end.leave()));
      },
    };
  },
  { chunkBytes, worldSizes: [2, 3, 8] },
);

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => assert.fail('it went through'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
}

test('a gang knows its members, sums in its own thread, and leaves in good order', async (t) => {
  const { gangs, arenas } = await joinAll(t, 3, { lastKnownEpoch: 5, backend: 'wasm' });
  assert.deepEqual(
    gangs.map(({ membershipEpoch }) => membershipEpoch),
    [6, 6, 6],
  );
  assert.deepEqual(
    gangs[2]!.members.map(({ rank, backend }) => [rank, backend]),
    [
      [0, 'wasm'],
      [1, 'wasm'],
      [2, 'wasm'],
    ],
  );
  arenas.forEach((arena, rank) => arena.fill(rank + 1));
  const region = { offset: 10, length: 50_000, step: 0, bucket: 0 };
  const results = await Promise.all(gangs.map(({ collective }) => collective.allReduce(region)));
  for (const arena of arenas) {
    assert.ok(arena.subarray(10, 50_010).every((value) => value === 6));
    assert.ok(arena[9]! < 4 && arena[50_010]! < 4);
  }
  assert.ok(results.every(({ bytesSent }) => bytesSent > 4 * 50_000 * (4 / 3)));
  assert.ok(gangs.every(({ collective }) => collective.stats().dropped === 0));
});

test('requests leave while the training thread is busy, and waiting is told from exchanging', async (t) => {
  const { gangs } = await joinAll(t, 2);
  const region = { offset: 0, length: 1000, step: 0, bucket: 0 };
  const early = gangs[0]!.collective.allReduce(region);
  const end = performance.now() + 300;
  while (performance.now() < end);
  const late = gangs[1]!.collective.allReduce(region);
  const [first, second] = await Promise.all([early, late]);
  assert.ok(first.waitSeconds > 0.25, `waited ${first.waitSeconds} s`);
  assert.ok(second.waitSeconds < 0.2, `waited ${second.waitSeconds} s`);
});

test('a worker that has left in good order is no loss, but nothing can be summed without it', async (t) => {
  const { gangs } = await joinAll(t, 2);
  await gangs[1]!.leave();
  const failure = await failureOf(gangs[0]!.collective.barrier(0));
  assert.equal(failure.reason, 'PeerLost');
  assert.match(failure.message, /Worker 1 has left/);
});

test('workers that do not come are named by all that came', async () => {
  const folder = aGangFolder();
  const missed = (rank: number): Promise<Failure> =>
    failureOf(joinGang(gangOptions(rank, 4, folder, { startTimeoutSeconds: 1 })));
  for (const failure of await Promise.all([missed(0), missed(2)])) {
    assert.equal(failure.reason, 'GangIncomplete');
    assert.match(failure.message, /^Workers 1 and 3 of 4 did not come within 1 s; /);
  }
});

test('without worker 0 the others say that it did not answer, and of another job too', async () => {
  const folder = aGangFolder();
  const changes = { startTimeoutSeconds: 0.1 };
  const alone = await failureOf(joinGang(gangOptions(1, 2, folder, changes)));
  assert.equal(alone.reason, 'GangIncomplete');
  assert.match(alone.message, /^Worker 0, which gathers the workers, did not answer within/);
});

test('a worker of another job is turned away', async (t) => {
  const { gangs } = await joinAll(t, 1, { jobUid: 'ours' });
  const grpc = gangs[0]!.members[0]!.address;
  const folder = aGangFolder();
  // The port of a dead worker 0 of their job was given to ours.
  await openPeers(`dir:${folder}`, 0, 'theirs').publish({ grpc, pid: 1, jobUid: 'theirs' });
  const changes = { jobUid: 'theirs', startTimeoutSeconds: 0.1 };
  const failure = await failureOf(joinGang(gangOptions(1, 2, folder, changes)));
  assert.equal(failure.reason, 'GangIncomplete');
  assert.match(failure.message, /\(This gang belongs to another job\.\)/);
});

test('a port that is taken is named with the way out', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const grpcAddress = `127.0.0.1:${port}`;
  const failure = await failureOf(joinGang(gangOptions(0, 1, aGangFolder(), { grpcAddress })));
  server.close();
  assert.equal(failure.reason, 'AddressInUse');
  assert.match(failure.message, new RegExp(`${grpcAddress} .* taken .* another port`));
});

test('joining can be aborted', async () => {
  const abort = new AbortController();
  const options = gangOptions(0, 2, aGangFolder(), { signal: abort.signal });
  const joining = joinGang(options);
  setTimeout(() => abort.abort(new Error('stopped')), 200);
  await assert.rejects(joining, /stopped/);
});

test('addresses left by an earlier gang do not confuse the next', async (t) => {
  const folder = aGangFolder();
  const options = gangOptions(0, 1, folder);
  // Worker 0 of the earlier gang is dead; nobody listens on its port any more.
  await openPeers(`dir:${folder}`, 0, 'job').publish({
    grpc: '127.0.0.1:1',
    pid: 1,
    jobUid: options.jobUid,
  });
  const second = join(t, gangOptions(1, 2, folder));
  await new Promise((resolve) => setTimeout(resolve, 400));
  const first = join(t, gangOptions(0, 2, folder));
  await Promise.all([first, second]);
});

test('a killed worker is reported within a second, with its rank', async (t) => {
  const folder = aGangFolder();
  const child = spawnWorker(t, gangOptions(2, 3, folder));
  const gangs = await Promise.all([0, 1].map((rank) => join(t, gangOptions(rank, 3, folder))));
  const failures = gangs.map((gang) => failureOf(sumForever(gang)));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const killedAt = performance.now();
  child.kill('SIGKILL');
  for (const failure of [
    ...(await Promise.all(failures)),
    ...(await Promise.all(gangs.map(({ lost }) => lost))),
  ]) {
    assert.equal(failure.reason, 'PeerLost');
    assert.match(failure.message, /^Worker 2 is gone/);
  }
  const seconds = (performance.now() - killedAt) / 1000;
  assert.ok(seconds < 1, `reported after ${seconds} s`);
});

test('a stopped worker is reported within the timeout, with its rank', async (t) => {
  const folder = aGangFolder();
  const changes = { allReduce: { ...gangOptions(0, 1, '').allReduce, timeoutSeconds: 1.5 } };
  const child = spawnWorker(t, gangOptions(1, 3, folder, changes));
  const gangs = await Promise.all(
    [0, 2].map((rank) => join(t, gangOptions(rank, 3, folder, changes))),
  );
  const failures = gangs.map((gang) => failureOf(sumForever(gang)));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const stoppedAt = performance.now();
  child.kill('SIGSTOP');
  for (const { reason, message } of await Promise.all(failures)) {
    assert.equal(reason, 'PeerLost');
    assert.match(message, /^Worker 1 stopped answering during the all-reduce of step \d+/);
  }
  assert.ok(performance.now() - stoppedAt < 4000);
  child.kill('SIGKILL');
});

test('a second worker of a rank ends the gang of the first', async (t) => {
  const folder = aGangFolder();
  const gangs = await Promise.all([0, 1].map((rank) => join(t, gangOptions(rank, 2, folder))));
  const again = failureOf(joinGang(gangOptions(1, 2, folder, { startTimeoutSeconds: 0.5 })));
  const lost = await gangs[0]!.lost;
  assert.equal(lost.reason, 'PeerLost');
  assert.match(lost.message, /Worker 1 was started a second time/);
  await again;
});

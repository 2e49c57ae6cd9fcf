/**
 * Asked to stop, a run leaves at a step boundary with a checkpoint; started again, it ends with the
 * model of an undisturbed run, to the bit.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { startGang, testFolder, type TestFolder } from '../gang.ts';
import { claims, makeVolumes, runConfigOf, topologies } from './run-config.ts';

const replicas = 3;
const runConfig = runConfigOf({
  replicas,
  topology: topologies.mlp,
  training: { epochs: 10, batchSize: 30 },
  spec: { checkpoint: { uri: `pvc://${claims.output}/checkpoints`, everySeconds: 3600, keep: 2 } },
});

async function makeFolder(): Promise<TestFolder> {
  const folder = await testFolder();
  // 1,000 is no multiple of 30: the last step of an epoch has 10 samples for 3 workers.
  await makeVolumes(folder, { train: 1000, test: 100 });
  await mkdir(folder.claim(claims.output));
  return folder;
}

test('SIGTERM of one worker stops all at the same step, and the next run goes on from there', async () => {
  await using calm = await makeFolder();
  const undisturbed = await (await startGang(calm, runConfig, replicas)).ends;
  const digest = undisturbed[0]?.termination?.summary?.modelDigest;
  assert.ok(digest, undisturbed[0]?.log);

  await using folder = await makeFolder();
  const gang = await startGang(folder, runConfig, replicas);
  await gang.logged('gang complete');
  gang.processes[1]?.kill('SIGTERM');
  const ends = await gang.ends;
  for (const end of ends) {
    assert.equal(end.code, exitStatuses.Interrupted.code, `worker ${end.rank}:\n${end.log}`);
  }
  const sentence = ends[0]?.termination?.message ?? '';
  assert.match(
    sentence,
    /^Stopped after step \d+ of 340: a checkpoint is in pvc:\/\/output\/checkpoints; run the same job again to go on from there\.$/,
  );
  assert.equal(new Set(ends.map(({ termination }) => termination?.message)).size, 1);

  const resumed = await (await startGang(folder, runConfig, replicas)).ends;
  const summary = resumed[0]?.termination?.summary;
  assert.equal(summary?.resumedFromStep, Number(/step (\d+)/.exec(sentence)?.[1]));
  assert.equal(summary?.modelDigest, digest);
});

test('SIGTERM before the gang is complete ends at once and loses nothing', async () => {
  await using folder = await makeFolder();
  const gang = await startGang(folder, runConfig, replicas, { only: [1] });
  await gang.logged('data loaded');
  gang.processes[0]?.kill('SIGTERM');
  const [end] = await gang.ends;
  assert.equal(end?.code, exitStatuses.Interrupted.code, end?.log);
  assert.match(end?.termination?.message ?? '', /before the training began/);
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CheckpointManifest } from '@tfjs-operator/api/checkpoint.ts';
import type { Failure } from '@tfjs-operator/api/failure.ts';
import { openCheckpoints, type CheckpointOptions } from './open-checkpoints.ts';
import { sampleRun, sampleState } from './sample-state.ts';

const expected = { runConfigDigest: sampleRun };

async function aDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'checkpoints-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'job');
}

/** A directory with the checkpoints of the steps, and nobody who has it open. */
async function savedSteps(t: TestContext, steps: readonly number[]): Promise<string> {
  const directory = await aDirectory(t);
  const checkpoints = await openCheckpoints(directory, { keep: 10, shardBytes: 1500 });
  for (const step of steps) await checkpoints.save(sampleState(step));
  await checkpoints.close();
  return directory;
}

const load = async (directory: string, options: Partial<CheckpointOptions> = {}) => {
  const checkpoints = await openCheckpoints(directory, { keep: 10, readOnly: true, ...options });
  try {
    return await checkpoints.loadLatest(expected);
  } finally {
    await checkpoints.close();
  }
};

test('a state comes back to the bit, over several shards', async (t) => {
  const directory = await savedSteps(t, [12]);
  const state = await load(directory);
  const { tensors, extra, ...head } = sampleState(12);
  assert.deepEqual(state?.tensors, tensors);
  assert.deepEqual(state.extra, extra);
  for (const [key, value] of Object.entries(head)) assert.equal(Reflect.get(state, key), value);
  // 1,007 numbers of 4 bytes in shards of 1,500 bytes.
  const files = await readdir(join(directory, 'step-12'));
  assert.deepEqual(files.sort(), [
    'manifest.json',
    'shard-00000.bin',
    'shard-00001.bin',
    'shard-00002.bin',
  ]);
});

test('the files are what the format says, read by independent means', async (t) => {
  const directory = await savedSteps(t, [12]);
  const text = await readFile(join(directory, 'step-12', 'manifest.json'), 'utf8');
  const { digest, ...rest } = JSON.parse(text) as CheckpointManifest;
  const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
  assert.equal(digest, `sha256:${sha256(JSON.stringify(rest))}`);
  const shards = await Promise.all(
    rest.shards.map(({ name }) => readFile(join(directory, 'step-12', name))),
  );
  rest.shards.forEach((shard, i) => assert.equal(shard.sha256, sha256(shards[i]!)));
  const run = Buffer.concat(shards);
  const bias = rest.tensors[1]!;
  assert.deepEqual([bias.name, bias.shape, bias.bytes], ['dense/bias', [2, 3], 24]);
  assert.equal(run.readFloatLE(bias.offset + 4), sampleState(12).tensors[1]!.data[1]);
});

test('the receipt names the checkpoint as the job status shows it', async (t) => {
  const directory = await aDirectory(t);
  const now = (): Date => new Date('2026-11-23T10:00:00Z');
  const checkpoints = await openCheckpoints(directory, { keep: 1, uri: 'pvc://claim/job/', now });
  const receipt = await checkpoints.save(sampleState(3));
  await checkpoints.close();
  const manifest = await readFile(join(directory, 'step-3', 'manifest.json'), 'utf8');
  const { digest } = JSON.parse(manifest) as CheckpointManifest;
  const time = '2026-11-23T10:00:00.000Z';
  assert.deepEqual(receipt, { step: 3, uri: 'pvc://claim/job/step-3', digest, time });
});

test('an empty or missing directory has no checkpoint, and that is no error', async (t) => {
  const directory = await aDirectory(t);
  assert.equal(await load(directory), null);
  const checkpoints = await openCheckpoints(directory, { keep: 1 });
  assert.equal(await checkpoints.loadLatest(expected), null);
  await checkpoints.close();
});

test('the state is copied before save returns', async (t) => {
  const directory = await aDirectory(t);
  const checkpoints = await openCheckpoints(directory, { keep: 1 });
  const state = sampleState(4);
  const saving = checkpoints.save(state);
  state.tensors[0]!.data.fill(-1);
  await saving;
  await checkpoints.close();
  assert.deepEqual((await load(directory))?.tensors, sampleState(4).tensors);
});

test('the training thread may block while a save goes on', async (t) => {
  const directory = await aDirectory(t);
  const checkpoints = await openCheckpoints(directory, { keep: 1 });
  await checkpoints.save(sampleState(1));
  const saving = checkpoints.save(sampleState(2, 100_000));
  const until = Date.now() + 2000;
  let names: readonly string[] = [];
  // No turn of the event loop in here: only the other thread can make the folder appear.
  const pending = checkpoints.save(sampleState(3));
  while (!names.includes('step-2') && Date.now() < until) names = readdirSync(directory);
  assert.ok(names.includes('step-2'));
  await Promise.all([saving, pending]);
  await checkpoints.close();
});

test('a save that waits is replaced by a newer one and gets its receipt', async (t) => {
  const directory = await aDirectory(t);
  const checkpoints = await openCheckpoints(directory, { keep: 10 });
  const saves = [1, 2, 3, 4].map((step) => checkpoints.save(sampleState(step)));
  const steps = (await Promise.all(saves)).map((receipt) => receipt.step);
  assert.deepEqual(steps, [1, 4, 4, 4]);
  await checkpoints.close();
  assert.deepEqual((await readdir(directory)).sort(), ['step-1', 'step-4']);
  assert.deepEqual((await load(directory))?.tensors, sampleState(4).tensors);
});

test('close waits for the saves under way', async (t) => {
  const directory = await aDirectory(t);
  const checkpoints = await openCheckpoints(directory, { keep: 10 });
  const saves = Promise.all([checkpoints.save(sampleState(1)), checkpoints.save(sampleState(2))]);
  await checkpoints.close();
  assert.deepEqual((await readdir(directory)).sort(), ['step-1', 'step-2']);
  await saves;
  await assert.rejects(checkpoints.save(sampleState(3)), /closed/);
});

test('a process whose work is done ends, also when it forgets to close', async (t) => {
  const directory = await aDirectory(t);
  const module = join(import.meta.dirname, 'open-checkpoints.ts');
  const script = `import { openCheckpoints } from ${JSON.stringify(module)};
    await openCheckpoints(${JSON.stringify(directory)}, { keep: 1 });`;
  const options = { timeout: 20_000 };
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], options);
  assert.equal(child.status, 0);
});

test('only the newest checkpoints are kept', async (t) => {
  const directory = await aDirectory(t);
  const checkpoints = await openCheckpoints(directory, { keep: 2 });
  for (const step of [8, 9, 10, 11]) await checkpoints.save(sampleState(step));
  await checkpoints.close();
  assert.deepEqual((await readdir(directory)).sort(), ['step-10', 'step-11']);
});

test('a second checkpoint of the same step takes the place of the first', async (t) => {
  const directory = await aDirectory(t);
  const checkpoints = await openCheckpoints(directory, { keep: 2 });
  await checkpoints.save(sampleState(1));
  await checkpoints.save(sampleState(2));
  await checkpoints.save({ ...sampleState(2), extra: 'after validation' });
  await checkpoints.close();
  assert.deepEqual((await readdir(directory)).sort(), ['step-1', 'step-2.1']);
  assert.equal((await load(directory))?.extra, 'after validation');
});

const damages: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  'a shard cut short': (folder) => truncate(join(folder, 'shard-00001.bin'), 1499),
  'a shard too long': (folder) => appendFile(join(folder, 'shard-00002.bin'), 'x'),
  'a shard with one flipped bit': async (folder) => {
    const bytes = await readFile(join(folder, 'shard-00000.bin'));
    bytes[700]! ^= 1;
    await writeFile(join(folder, 'shard-00000.bin'), bytes);
  },
  'a missing shard': (folder) => rm(join(folder, 'shard-00000.bin')),
  'a missing manifest': (folder) => rm(join(folder, 'manifest.json')),
  'an empty manifest': (folder) => truncate(join(folder, 'manifest.json'), 0),
  'a manifest cut short': (folder) => truncate(join(folder, 'manifest.json'), 200),
  'a manifest changed by hand': async (folder) => {
    const text = await readFile(join(folder, 'manifest.json'), 'utf8');
    await writeFile(join(folder, 'manifest.json'), text.replace('"seed":7', '"seed":8'));
  },
  'a manifest that is a list': (folder) => writeFile(join(folder, 'manifest.json'), '[]'),
};

for (const [damage, inflict] of Object.entries(damages)) {
  test(`after ${damage} the next older checkpoint is used, and it says so`, async (t) => {
    const directory = await savedSteps(t, [10, 20]);
    await inflict(join(directory, 'step-20'));
    const notices: string[] = [];
    const state = await load(directory, { onNotice: (sentence) => notices.push(sentence) });
    assert.equal(state?.step, 10);
    assert.deepEqual(state.tensors, sampleState(10).tensors);
    assert.equal(state.skipped[0]?.folder, 'step-20');
    assert.match(
      notices.join(),
      /^Skipped the damaged checkpoint step-20 in .*: .*(shard|manifest).*\.$/,
    );
  });
}

test('a damaged newer checkpoint goes when the run has saved again', async (t) => {
  const directory = await savedSteps(t, [10, 20]);
  await damages['a shard cut short']!(join(directory, 'step-20'));
  const checkpoints = await openCheckpoints(directory, { keep: 1 });
  await checkpoints.loadLatest(expected);
  await checkpoints.save(sampleState(15));
  await checkpoints.close();
  assert.deepEqual(await readdir(directory), ['step-15']);
});

test('when no checkpoint is intact the run ends with a sentence instead of starting anew', async (t) => {
  const directory = await savedSteps(t, [10, 20]);
  for (const step of ['step-10', 'step-20']) await rm(join(directory, step, 'shard-00000.bin'));
  await assert.rejects(load(directory), (error: Failure) => {
    assert.equal(error.reason, 'CheckpointError');
    assert.match(error.message, /None of the 2 checkpoints in .* is intact .*step-20.*start anew/);
    return true;
  });
});

test('checkpoints of another run config or other data are refused with the way out', async (t) => {
  const directory = await savedSteps(t, [10]);
  const checkpoints = await openCheckpoints(directory, { keep: 1, readOnly: true });
  await assert.rejects(
    checkpoints.loadLatest({ runConfigDigest: 'sha256:other' }),
    (e: Failure) => {
      assert.equal(e.reason, 'CheckpointError');
      assert.match(
        e.message,
        /sha256:run; this one is sha256:other\): set checkpoint.uri to an empty/,
      );
      return true;
    },
  );
  const changed = { ...expected, datasetDigest: 'sha256:changed' };
  await assert.rejects(checkpoints.loadLatest(changed), /made with other data/);
  const same = { ...expected, datasetDigest: 'sha256:data' };
  assert.equal((await checkpoints.loadLatest(same))?.step, 10);
});

test('a checkpoint of a later format is refused, not taken for damage', async (t) => {
  const directory = await savedSteps(t, [10]);
  const path = join(directory, 'step-10', 'manifest.json');
  const written = JSON.parse(await readFile(path, 'utf8')) as CheckpointManifest;
  const later = JSON.stringify({ ...written, schemaVersion: 2, digest: undefined });
  const digest = `sha256:${createHash('sha256').update(later).digest('hex')}`;
  await writeFile(path, `${later.slice(0, -1)},"digest":"${digest}"}`);
  await assert.rejects(load(directory), /format version 2, and this trainer reads version 1/);
});

test('leftovers of a killed save are cleaned at open by the writer, not by a reader', async (t) => {
  const directory = await savedSteps(t, [10]);
  await mkdir(join(directory, '.saving-abc-step-11'));
  await writeFile(join(directory, '.saving-abc-step-11', 'shard-00000.bin'), 'half');
  await mkdir(join(directory, '.deleted-abc-step-9'));
  await load(directory);
  assert.equal((await readdir(directory)).length, 3);
  const notices: string[] = [];
  const onNotice = (sentence: string): number => notices.push(sentence);
  const checkpoints = await openCheckpoints(directory, { keep: 1, onNotice });
  await checkpoints.close();
  assert.deepEqual(await readdir(directory), ['step-10']);
  assert.equal(notices.length, 2);
});

test('what JSON cannot hold, or a wrong shape, is refused at save and harms no later save', async (t) => {
  const directory = await aDirectory(t);
  const checkpoints = await openCheckpoints(directory, { keep: 1 });
  const bad = { ...sampleState(1), extra: { stopping: { best: Infinity } } };
  await assert.rejects(checkpoints.save(bad), /extra has Infinity at "best"/);
  const torn = { name: 'w', shape: [3], data: new Float32Array(2) };
  await assert.rejects(checkpoints.save({ ...sampleState(1), tensors: [torn] }), /w has 2 numbers/);
  assert.equal((await checkpoints.save(sampleState(1))).step, 1);
  await checkpoints.close();
});

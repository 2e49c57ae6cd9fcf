/**
 * `tfjsctl run` from a manifest to a model with real workers: undisturbed, with a worker killed in
 * the middle, and interrupted and resumed. All three must end with the same model, to the bit.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { access, glob, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment } from '@tfjs-operator/api/environment.ts';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import type { Summary } from '@tfjs-operator/api/result.ts';
import { testFolder, type TestFolder } from '../gang.ts';
import { claims, makeVolumes, topologies, trainingJobOf } from './run-config.ts';

const cli = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

const job = trainingJobOf({
  topology: topologies.mlp,
  training: { epochs: 40, learningRateSchedule: { name: 'cosine', warmupSteps: 20 } },
  spec: {
    checkpoint: { uri: `pvc://${claims.output}/checkpoints`, everySteps: 50, keep: 2 },
    output: { uri: `pvc://${claims.output}/model`, formats: ['layers-model', 'keras-h5'] },
    runPolicy: { maxRestarts: 3 },
  },
});

interface Ended {
  readonly code: number | null;
  readonly lines: readonly Record<string, unknown>[];
}

interface Run extends AsyncDisposable {
  /** Resolves when the run has made so many steps. */
  reached(step: number): Promise<void>;
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<Ended>;
}

async function makeFolder(): Promise<TestFolder> {
  const folder = await testFolder();
  await makeVolumes(folder, { train: 640, test: 100 });
  await writeFile(join(folder.path, 'job.yaml'), JSON.stringify(job));
  return folder;
}

function start(folder: TestFolder): Run {
  const data = `${claims.data}=${folder.claim(claims.data)}`;
  const args = ['run', 'job.yaml', '--volume', data, '--runs', 'runs', '--json'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', cli, ...args], {
    cwd: folder.path,
    env: { ...process.env, TMPDIR: folder.path },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  child.stdout.on('data', (part: Buffer) => {
    const pieces = (rest + part.toString('utf8')).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) lines.push(JSON.parse(piece) as Record<string, unknown>);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, lines }));
  });
  const reached = async (step: number): Promise<void> => {
    while (!lines.some((line) => Number(line['step'] ?? 0) >= step)) {
      assert.equal(child.exitCode, null, 'the run ended before');
      await sleep(20);
    }
  };
  // A failed test must not leave a run that writes into a removed folder.
  const dispose = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { child, ended, reached, [Symbol.asyncDispose]: dispose };
}

/** The last line, which must be a summary. */
function summaryOf({ code, lines }: Ended): Summary {
  const last = lines.at(-1);
  assert.equal(code, 0, JSON.stringify(last));
  assert.equal(last?.['type'], 'summary');
  return last as unknown as Summary;
}

/** Process id of a worker of this run, by its environment. */
async function pidOf(folder: TestFolder, rank: number): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const isOurs = environ.includes(folder.path);
    if (isOurs && environ.split('\0').includes(`${environment.rank}=${rank}`)) return Number(pid);
  }
  throw new Error(`worker ${rank} does not run`);
}

test('a run ends with the same model undisturbed, after a killed worker, and resumed', async (t) => {
  await using calm = await makeFolder();
  const undisturbed = summaryOf(await start(calm).ended);
  assert.equal(undisturbed.steps, 800);
  assert.equal(undisturbed.workers, 2);
  assert.ok((undisturbed.accuracy ?? 0) > 0.7, `accuracy ${undisturbed.accuracy}`);

  await t.test('everything is in the output folder', async () => {
    const output = join(calm.path, 'runs', 'volumes', claims.output, 'model');
    for (const file of ['result.json', 'report.html', 'model/model.json', 'model/model.h5']) {
      await access(join(output, file));
    }
    const events = await Array.fromAsync(glob(join(output, 'tensorboard', '**', 'events.*')));
    assert.ok(events.length >= 1);
  });

  await t.test('after SIGKILL of a worker in the middle', async () => {
    await using folder = await makeFolder();
    await using run = start(folder);
    await run.reached(200);
    process.kill(await pidOf(folder, 1), 'SIGKILL');
    const summary = summaryOf(await run.ended);
    assert.equal(summary.modelDigest, undisturbed.modelDigest);
    assert.ok((summary.resumedFromStep ?? 0) >= 50, `resumed from ${summary.resumedFromStep}`);
  });

  await t.test('after Ctrl-C and the same command again', async () => {
    await using folder = await makeFolder();
    await using run = start(folder);
    await run.reached(100);
    run.child.kill('SIGINT');
    const { code, lines } = await run.ended;
    assert.equal(code, exitStatuses.Interrupted.code, JSON.stringify(lines.at(-1)));
    const summary = summaryOf(await start(folder).ended);
    assert.equal(summary.modelDigest, undisturbed.modelDigest);
    assert.ok((summary.resumedFromStep ?? 0) >= 100);
  });
});

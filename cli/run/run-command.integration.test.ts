import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  aWorkplace,
  isAlive,
  runArgs,
  until,
  type Ended,
  type Workplace,
} from '../testing/tfjsctl.ts';

/** A whole run is a second or two of real processes; a hang must not wait for the runner's limit. */
const timeout = 120_000;

function lastJson({ stdout }: Ended): Record<string, unknown> {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

/** Nothing of the run is left: no worker, no temporary folder. */
function assertTidy(workplace: Workplace): void {
  for (const { pid } of workplace.starts())
    assert.equal(isAlive(pid), false, `worker ${pid} is left`);
  const left = readdirSync(workplace.folder).filter((name) => name.startsWith('tfjsctl-'));
  assert.deepEqual(left, []);
}

test(
  'a job of two workers completes: figures, confusion matrix, verdict, paths; code 0',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const ended = await workplace.call(runArgs(workplace)).ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(
      workplace
        .starts()
        .map(({ rank }) => rank)
        .sort(),
      [0, 1],
    );
    for (const text of [
      'accuracy',
      '0.9700',
      '2 × cpu',
      'true \\ read',
      '✔ accuracy 0.9700, required ≥ 0.9',
    ]) {
      assert.ok(ended.stdout.includes(text), `${text} is missing in:\n${ended.stdout}`);
    }
    assert.match(ended.stdout, /model +runs\/volumes\/output\/model\/model/);
    assert.match(ended.stdout, /report +runs\/volumes\/output\/model\/report\.html/);
    assert.equal(ended.stderr, '');
    assertTidy(workplace);
  },
);

test('output to a pipe has lines and no escape sequence', { timeout }, async (t) => {
  const workplace = aWorkplace(t);
  const { stdout } = await workplace.call(runArgs(workplace), { steps: 30 }).ended;
  assert.match(stdout, /^training +epoch 1\/1 +step \d+\/30 \(\d+ %\) +loss 0\.\d{4} +accuracy/m);
  assert.equal(stdout.includes('\u001b'), false);
});

test('--json prints progress lines and the summary last, nothing else', { timeout }, async (t) => {
  const workplace = aWorkplace(t);
  const ended = await workplace.call([...runArgs(workplace), '--json'], { steps: 60 }).ended;
  assert.equal(ended.code, 0);
  const lines = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  assert.ok(lines.length >= 2);
  assert.ok(lines.slice(0, -1).every(({ type }) => type === 'progress'));
  const summary = lastJson(ended);
  const outputDirectory = join(workplace.folder, 'runs/volumes/output/model');
  assert.deepEqual(
    { ...summary, metrics: undefined, type: undefined },
    {
      type: undefined,
      accuracy: 0.97,
      loss: 0.1,
      metrics: undefined,
      workers: 2,
      steps: 60,
      epochs: 1,
      seconds: 1.5,
      samplesPerSecond: 1234.5,
      backend: 'cpu',
      allReduceBytes: 2048,
      modelDigest: `sha256:${'ab'.repeat(32)}`,
      outputDirectory,
      resumedFromStep: null,
    },
  );
});

test(
  'a retryable end restarts that worker in place, and the job completes',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const ended = await workplace.call(runArgs(workplace), {
      steps: 100,
      ends: [{ rank: 1, life: 1, step: 5, reason: 'PeerLost', message: 'Worker 0 is silent.' }],
    }).ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(
      workplace
        .starts()
        .map(({ rank }) => rank)
        .sort(),
      [0, 1, 1],
    );
    assert.match(
      ended.stdout,
      /^Worker 1 ended \(PeerLost, exit code 20\): Worker 0 is silent\.$/m,
    );
  },
);

test('a worker killed by SIGKILL is started again', { timeout }, async (t) => {
  const workplace = aWorkplace(t);
  const ended = await workplace.call(runArgs(workplace), {
    steps: 30,
    ends: [{ rank: 0, life: 1, step: 5, signal: 'SIGKILL' }],
  }).ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /Worker 0 was killed by SIGKILL\./);
});

test(
  'a permanent end fails the job at once, with the worker’s sentence and its code',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const message = 'train-labels holds 9 labels for 10 images; fetch the file again.';
    const ended = await workplace.call(runArgs(workplace), {
      steps: 10_000,
      ends: [{ rank: 1, life: 1, step: 5, reason: 'DataError', message }],
    }).ended;
    assert.equal(ended.code, 11);
    assert.equal(ended.stderr, `The job failed (DataError): ${message}\n`);
    // The other worker may have been stopped before it could write its start down.
    const ranks = workplace.starts().map(({ rank }) => rank);
    assert.equal(new Set(ranks).size, ranks.length, 'nobody was started again');
    assert.doesNotMatch(ended.stdout, /DataError/, 'the failure is told once');
    assertTidy(workplace);
  },
);

test(
  'a fault without a sentence shows the end of the log, after maxRestarts restarts',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t, { maxRestarts: 1, replicas: 1 });
    const log = JSON.stringify({ level: 60, msg: 'The cable is loose.' });
    const ended = await workplace.call(runArgs(workplace), {
      ends: [1, 2, 3].map((life) => ({ rank: 0, life, step: 1, log })),
    }).ended;
    assert.equal(ended.code, 1);
    assert.equal(workplace.starts().length, 2);
    assert.match(ended.stderr, /The job failed \(RestartLimitReached\): More restarts were needed/);
    assert.match(ended.stderr, /^ {2}The cable is loose\.$/m);
    assert.match(ended.stderr, /^The log of worker 0: runs\/digits\/rank-0\.log$/m);
  },
);

test('restarts that run out end with the code of the last cause', { timeout }, async (t) => {
  const workplace = aWorkplace(t, { maxRestarts: 0 });
  const ended = await workplace.call([...runArgs(workplace), '--json'], {
    ends: [{ rank: 0, life: 1, step: 1, reason: 'AddressInUse', message: 'Port 7000 is taken.' }],
  }).ended;
  assert.equal(ended.code, 21);
  const { type, reason, exitCode } = lastJson(ended);
  assert.deepEqual([type, reason, exitCode], ['failure', 'RestartLimitReached', 21]);
});

test(
  'an unmet requirement shows the result, says so, and ends with code 12',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const ended = await workplace.call(runArgs(workplace), { require: 0.98 }).ended;
    assert.equal(ended.code, 12);
    assert.match(ended.stdout, /✘ accuracy 0\.9700, required ≥ 0\.98/);
    assert.match(
      ended.stderr,
      /^The job failed \(RequirementUnmet\): accuracy 0\.97 is below 0\.98\.$/m,
    );
  },
);

test(
  'Ctrl-C stops the workers once with a checkpoint, and the same command goes on',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const first = workplace.run(runArgs(workplace), { steps: 100_000 });
    await until(() => first.output().includes('step'));
    first.process.kill('SIGINT');
    const stopped = await first.ended;
    assert.equal(stopped.code, 23);
    assert.match(
      stopped.stderr,
      /^Stopped after step \d+; the checkpoint of step \d+ is in runs\/volumes\/output\/checkpoints\.\nThe same command goes on from there\.$/m,
    );
    assert.equal(workplace.starts().length, 2, 'no worker was started again while stopping');
    assertTidy(workplace);
    const [checkpoint = ''] = readdirSync(
      join(workplace.folder, 'runs/volumes/output/checkpoints'),
    );
    const step = Number(checkpoint.replace('step-', ''));
    const second = await workplace.call([...runArgs(workplace), '--json'], { steps: step + 5 })
      .ended;
    assert.equal(second.code, 0);
    assert.match(
      second.stderr,
      new RegExp(`^Going on from the checkpoint of step ${step}; --fresh starts anew\\.$`, 'm'),
    );
    assert.equal(lastJson(second)['resumedFromStep'], step);
    // A complete run is final: the next one trains anew.
    const third = await workplace.call([...runArgs(workplace), '--json'], { steps: 5 }).ended;
    assert.match(third.stderr, /The run before was complete; training starts anew\./);
    assert.equal(lastJson(third)['resumedFromStep'], null);
  },
);

test('a stop says when there is nothing to go on from', { timeout }, async (t) => {
  const workplace = aWorkplace(t, { hasCheckpoint: false });
  const run = workplace.call([...runArgs(workplace), '--json'], { steps: 100_000 });
  await until(() => run.output().includes('progress'));
  run.stop.abort();
  const ended = await run.ended;
  assert.equal(ended.code, 23);
  assert.match(ended.stderr, /keeps no checkpoints/);
  assert.equal(lastJson(ended)['type'], 'interrupted');
});

test('a reader that goes away stops the run with a checkpoint', { timeout }, async (t) => {
  const workplace = aWorkplace(t);
  const run = workplace.run(runArgs(workplace, '--json'), { steps: 100_000 });
  await until(() => run.output().includes('progress'));
  run.process.stdout?.destroy();
  const ended = await run.ended;
  assert.equal(ended.code, 23);
  assert.match(ended.stderr, /The same command goes on from there\./);
});

test(
  'a second Ctrl-C ends workers that do not listen; a doubled first one does not',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const run = workplace.run(runArgs(workplace), { steps: 100_000, isDeaf: true });
    await until(() => run.output().includes('step'));
    run.process.kill('SIGINT');
    run.process.kill('SIGINT');
    await sleep(800);
    assert.equal(run.process.exitCode, null);
    assert.ok(workplace.starts().every(({ pid }) => isAlive(pid)));
    run.process.kill('SIGINT');
    const ended = await run.ended;
    assert.equal(ended.code, 130);
    assert.match(ended.stderr, /^Killed after step/m);
    assertTidy(workplace);
  },
);

test('SIGKILL of tfjsctl leaves no worker, and the next run starts', { timeout }, async (t) => {
  const workplace = aWorkplace(t);
  const run = workplace.run(runArgs(workplace), { steps: 100_000, isDeaf: true });
  await until(() => run.output().includes('step'));
  run.process.kill('SIGKILL');
  await run.ended;
  await until(() => workplace.starts().every(({ pid }) => !isAlive(pid)), 5_000);
  assert.equal(workplace.starts().length, 2);
  assert.equal((await workplace.call(runArgs(workplace)).ended).code, 0);
  assertTidy(workplace);
});

test(
  '--fresh deletes the checkpoints of the job and nothing beside them',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const run = workplace.call(runArgs(workplace), { steps: 100_000 });
    await until(() => run.output().includes('step'));
    run.stop.abort();
    await run.ended;
    const checkpoints = join(workplace.folder, 'runs/volumes/output/checkpoints');
    writeFileSync(join(checkpoints, 'notes.txt'), 'mine');
    const fresh = await workplace.call([...runArgs(workplace), '--fresh', '--json'], { steps: 3 })
      .ended;
    assert.match(fresh.stderr, /^Deleted the checkpoints up to step \d+; training starts anew\.$/m);
    assert.equal(lastJson(fresh)['resumedFromStep'], null);
    assert.ok(existsSync(join(checkpoints, 'notes.txt')));
  },
);

test(
  'checkpoints of another configuration stop the run before anything starts',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const folder = join(workplace.folder, 'runs/volumes/output/checkpoints/step-7');
    mkdirSync(folder, { recursive: true });
    const manifest = { schemaVersion: 1, step: 7, runConfigDigest: 'sha256:other' };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const ended = await workplace.call(runArgs(workplace)).ended;
    assert.equal(ended.code, 15);
    assert.match(
      ended.stderr,
      /^tfjsctl: The checkpoints in .* \(step 7\) belong to an unfinished run with another configuration; .*--fresh/,
    );
    assert.equal(workplace.starts().length, 0);
  },
);

test('two runs of one job at a time are refused', { timeout }, async (t) => {
  const workplace = aWorkplace(t);
  const first = workplace.run(runArgs(workplace), { steps: 100_000 });
  await until(() => first.output().includes('step'));
  const second = await workplace.call(runArgs(workplace)).ended;
  assert.equal(second.code, 2);
  assert.match(second.stderr, /^tfjsctl: Process \d+ is running this job in .*--runs\.$/m);
});

test('--workers, --port, --runs and --volume take effect', { timeout }, async (t) => {
  const workplace = aWorkplace(t);
  const args = [
    '--workers',
    '3',
    '--port',
    '28611',
    '--runs',
    'elsewhere',
    '--volume',
    'output=made',
    '--json',
  ];
  const run = workplace.call([...runArgs(workplace), ...args], { steps: 50 });
  await until(() => run.output().includes('progress'));
  const response = await fetch('http://127.0.0.1:28611/progress');
  assert.equal(((await response.json()) as { worldSize: number }).worldSize, 3);
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(
    ended.stderr,
    /^3 workers share 2 processor cores: more workers train no faster here\.$/m,
  );
  assert.equal(lastJson(ended)['outputDirectory'], join(workplace.folder, 'made/model'));
  assert.deepEqual(readdirSync(join(workplace.folder, 'elsewhere/digits')).sort(), [
    'job.json',
    'rank-0.log',
    'rank-1.log',
    'rank-2.log',
  ]);
});

test(
  'what is wrong with the command line or the places is one sentence and its code',
  { timeout },
  async (t) => {
    const workplace = aWorkplace(t);
    const job = join(workplace.folder, 'job.yaml');
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [['run', 'x', '--fersh'], 2, "tfjsctl: unknown option '--fersh'; did you mean --fresh?"],
      [['rum', 'x'], 2, "tfjsctl: unknown command 'rum'; did you mean run?"],
      [['run'], 2, "tfjsctl: missing required argument 'file'; see tfjsctl --help."],
      [
        [...runArgs(workplace), '--workers', 'two'],
        2,
        'tfjsctl: --workers two is no whole number from 1 to 1024.',
      ],
      [
        [...runArgs(workplace), '--volume', 'digits'],
        2,
        'tfjsctl: --volume digits is not of the form CLAIM=PATH.',
      ],
      [
        [...runArgs(workplace), '--volume', 'x=.'],
        2,
        'tfjsctl: --volume x=… names a claim that the job does not use; its claims: digits, output.',
      ],
      [
        ['run', job],
        16,
        'tfjsctl: spec.dataset.uri names the claim "digits", which has no folder here; say where it is with --volume digits=PATH.',
      ],
      [
        ['run', job, '--volume', 'digits=nowhere'],
        16,
        `tfjsctl: --volume digits=${workplace.folder}/nowhere: there is no such folder; spec.dataset.uri needs it.`,
      ],
      [
        [...runArgs(workplace), '--name', 'digit'],
        2,
        'tfjsctl: --name digit: no TrainingJob of that name; did you mean digits?',
      ],
    ];
    await Promise.all(
      cases.map(async ([args, code, sentence]) => {
        const ended = await workplace.call(args).ended;
        assert.equal(ended.stderr, `${sentence}\n`);
        assert.equal(ended.code, code, sentence);
        assert.equal(ended.stdout, '');
      }),
    );
    assert.equal(workplace.starts().length, 0);
  },
);

test('a wrong manifest ends with code 10 and the findings of validate', { timeout }, async (t) => {
  const workplace = aWorkplace(t);
  const file = join(workplace.folder, 'job.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"epochs":2', '"epochs":0'));
  const ended = await workplace.call(runArgs(workplace)).ended;
  assert.equal(ended.code, 10);
  assert.match(ended.stderr, /job\.yaml:1:\d+/);
  assert.match(ended.stderr, /epochs/);
  assert.equal(existsSync(join(workplace.folder, 'runs')), false, 'nothing was made');
});

test('the help lists the exit codes', { timeout }, async (t) => {
  const ended = await aWorkplace(t).call(['run', '--help']).ended;
  assert.equal(ended.code, 0);
  assert.match(ended.stdout, /--fresh/);
  assert.match(ended.stdout, /23 +stopped by Ctrl-C/);
});

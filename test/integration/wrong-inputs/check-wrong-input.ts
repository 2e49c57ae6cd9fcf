/**
 * Runs a wrong input by the real command line and judges its end as a person would: the exit code,
 * one sentence and nothing else, no trace of work that is half done, no process.
 */
import assert from 'node:assert/strict';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { manifestWith, rightFiles } from './right-job.ts';
import { aWorkplace, type Ended, type Workplace } from './workplace.ts';
import { runArgs, type WrongInput } from './wrong-input.ts';

/** @throws AssertionError with the whole output. */
export async function checkWrongInput(input: WrongInput): Promise<void> {
  await using workplace = await aWorkplace(input.stage);
  await workplace.write({ ...rightFiles(), 'job.yaml': manifestWith(input.set ?? {}) });
  await workplace.write(input.files ?? {});
  const cleanUp = await input.before?.(workplace);
  const before = await workplace.listing();
  const args = [...(input.args ?? runArgs), ...(input.isJson ? ['--json'] : [])];
  const ended = await workplace.tfjsctl(args);
  assert.deepEqual(await workplace.processes(), [], 'a process is left');
  cleanUp?.();
  judgeWords(ended, input);
  judgeFiles(before, await workplace.listing(), input);
  if (input.teller === 'finding' && input.args === undefined) {
    await judgeValidate(workplace, ended);
  }
}

function judgeWords(ended: Ended, input: WrongInput): void {
  const { stdout, stderr } = ended;
  const all = `exit code ${ended.code}, standard output:\n${stdout}\nstandard error:\n${stderr}`;
  const { code }: { code: number } = exitStatuses[input.reason];
  assert.equal(ended.code, code, `the code of ${input.reason} is ${code}; ${all}`);
  for (const trace of ['    at ', 'InternalError', 'a fault of ']) {
    assert.equal(`${stdout}${stderr}`.includes(trace), false, `"${trace}" is in ${all}`);
  }
  const told = sentenceOf(stderr.trimEnd().split('\n'), input);
  assert.ok(told !== undefined, `standard error is not of the form of "${input.teller}": ${all}`);
  if (typeof input.says === 'string') assert.equal(told, input.says);
  else assert.match(told, input.says);
  if (input.isJson) judgeLastLine(stdout, input, told);
  else assert.equal(stdout.includes(told), false, `told twice: ${all}`);
  if (input.teller !== 'job' && !input.isJson) assert.equal(stdout, '');
}

/** The sentence where standard error holds it in the teller's form and nothing else. */
function sentenceOf(lines: readonly string[], { teller, reason }: WrongInput): string | undefined {
  const [first = '', second = '', third = ''] = lines;
  const after = (text: string, start: string): string | undefined =>
    text.startsWith(start) ? text.slice(start.length) : undefined;
  if (teller === 'finding') {
    const isPlaced = /^✖ [^ :]+:\d+:\d+( .*)?$/.test(first) && third === '1 finding in 1 file';
    return isPlaced && lines.length === 3 ? after(second, '  ') : undefined;
  }
  const start = teller === 'job' ? `The job failed (${reason}): ` : 'tfjsctl: ';
  return lines.length === 1 ? after(first, start) : undefined;
}

/** With --json a program finds what a person reads in the last line. */
function judgeLastLine(stdout: string, input: WrongInput, told: string): void {
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const last = lines.at(-1) ?? {};
  const { type, reason, message, exitCode } = last;
  assert.deepEqual(
    { type, reason, message, exitCode },
    {
      type: 'failure',
      reason: input.reason,
      message: told,
      exitCode: exitStatuses[input.reason].code,
    },
  );
  assert.ok(lines.slice(0, -1).every((line) => line['type'] === 'progress'));
  assert.equal(typeof last['modelDigest'], input.leaves === 'model' ? 'string' : 'undefined');
}

/** Names that only unfinished work has. */
const unfinished = /(^|\/)(\.[^/]*|[^/]*\.(new|old|tmp|part))$/;
/** Curves grow while a run goes on, and stay when it fails. */
const curves = /(^|\/)model\/tensorboard(\/|$)/;

function judgeFiles(
  before: readonly string[],
  after: readonly string[],
  { teller, leaves }: WrongInput,
): void {
  const made = after.filter((path) => !before.includes(path));
  const rests = after.filter((path) => unfinished.test(path) || path.startsWith('tmp/'));
  assert.deepEqual(rests, [], 'unfinished work is left');
  if (teller !== 'job') assert.deepEqual(made, [], 'something was made before the checks');
  const output = made.filter((path) => /(^|\/)model\/./.test(path) && !curves.test(path));
  if (leaves === undefined) assert.deepEqual(output, [], 'an output without a result');
  else
    assert.ok(
      output.some((path) => path.endsWith('model/result.json')),
      output.join(', '),
    );
}

/** What `run` refuses before it starts anything, `validate` says in the same words. */
async function judgeValidate(workplace: Workplace, ended: Ended): Promise<void> {
  const { code, stderr } = await workplace.tfjsctl(['validate', 'job.yaml']);
  assert.equal(stderr, ended.stderr);
  assert.equal(code, ended.code);
}
